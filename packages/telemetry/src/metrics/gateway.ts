import { registeredName } from "../registered-name.ts";
import {
  DROP_REASONS,
  EXPORT_FAILURE_REASONS,
  EXPORT_SIGNALS,
  LOAD_SHED_REASONS,
  RELOAD_RESULTS,
} from "../vocabulary.ts";
import { counter, gauge, nameOf, oneOf } from "./define.ts";

/** The name of an exporter, and what it carries. */
const exporterLabels = { exporter: nameOf("exporter"), signal: oneOf(EXPORT_SIGNALS) } as const;

export const telemetryEvents = counter({
  name: "mcp_hangar_telemetry_events_total",
  help: "Records that an exporter delivered.",
  labels: exporterLabels,
  read: (snapshot) =>
    snapshot.exporters.map(({ exporter, signal, delivered }) => ({ labels: { exporter, signal }, value: delivered })),
});

export const telemetryDropped = counter({
  name: "mcp_hangar_telemetry_dropped_total",
  help: "Records that an exporter gave up, by reason.",
  labels: { ...exporterLabels, reason: oneOf(DROP_REASONS) },
  read: (snapshot) =>
    snapshot.exporters.flatMap(({ exporter, signal, dropped }) =>
      DROP_REASONS.map((reason) => ({ labels: { exporter, signal, reason }, value: dropped[reason] ?? 0 })),
    ),
});

export const telemetryFailures = counter({
  name: "mcp_hangar_telemetry_failures_total",
  help: "Failed attempts of an exporter to deliver, by reason; a failed attempt may be retried.",
  labels: { ...exporterLabels, reason: oneOf(EXPORT_FAILURE_REASONS) },
  read: (snapshot) =>
    snapshot.exporters.flatMap(({ exporter, signal, failures }) =>
      EXPORT_FAILURE_REASONS.map((reason) => ({ labels: { exporter, signal, reason }, value: failures[reason] ?? 0 })),
    ),
});

export const telemetryQueueSize = gauge({
  name: "mcp_hangar_telemetry_queue_size",
  help: "Records that wait in the queue of an exporter.",
  labels: exporterLabels,
  read: (snapshot) =>
    snapshot.exporters.map(({ exporter, signal, queueSize }) => ({ labels: { exporter, signal }, value: queueSize })),
});

export const telemetryQueueCapacity = gauge({
  name: "mcp_hangar_telemetry_queue_capacity",
  help: "Records that the queue of an exporter holds at most.",
  labels: exporterLabels,
  read: (snapshot) =>
    snapshot.exporters.map(({ exporter, signal, queueCapacity }) => ({
      labels: { exporter, signal },
      value: queueCapacity,
    })),
});

export const telemetryLastSuccess = gauge({
  name: "mcp_hangar_telemetry_last_success_timestamp_seconds",
  help: "When an exporter last delivered, in seconds since the epoch; 0 if never.",
  labels: exporterLabels,
  read: (snapshot) =>
    snapshot.exporters.map(({ exporter, signal, lastSuccessSeconds }) => ({
      labels: { exporter, signal },
      value: lastSuccessSeconds ?? 0,
    })),
});

export const listenerErrors = counter({
  name: "mcp_hangar_listener_errors_total",
  help: "Exceptions that a telemetry listener threw.",
  labels: { listener: nameOf("listener") },
  read: (snapshot) => snapshot.listeners.map(({ listener, errors }) => ({ labels: { listener }, value: errors })),
});

export const seriesOverflows = counter({
  name: "mcp_hangar_metric_series_overflows_total",
  help: "Observations folded into _other because a metric reached its series limit.",
  labels: { metric: nameOf("metric") },
  read: (snapshot) => snapshot.seriesOverflows.map(({ metric, folded }) => ({ labels: { metric }, value: folded })),
});

export const bufferedBytes = gauge({
  name: "mcp_hangar_buffered_bytes",
  help: "Bytes of request bodies and unread answers that the gateway holds for its clients.",
  labels: {},
  read: ({ load }) => [{ labels: {}, value: load.bufferedBytes }],
});

export const loadShed = counter({
  name: "mcp_hangar_load_shed_total",
  help: "Requests, answers, connections and subscriptions that were refused or ended because a limit was reached, by reason.",
  labels: { reason: oneOf(LOAD_SHED_REASONS) },
  read: ({ load }) => LOAD_SHED_REASONS.map((reason) => ({ labels: { reason }, value: load.shed[reason] })),
});

export const configReloads = counter({
  name: "mcp_hangar_config_reloads_total",
  help: "Configuration reloads by result.",
  labels: { result: oneOf(RELOAD_RESULTS) },
  on: { "config.reloaded": ({ result }) => ({ labels: { result }, value: 1 }) },
});

export const configLastReloadSuccessful = gauge({
  name: "mcp_hangar_config_last_reload_successful",
  help: "1 if the configuration in force is the one last read.",
  labels: {},
  read: (snapshot) => [{ labels: {}, value: Number(snapshot.lastReloadSuccessful) }],
});

export const buildInfo = gauge({
  name: "mcp_hangar_build_info",
  help: "Always 1; carries the versions of the gateway and of Node.js.",
  labels: { version: nameOf("build"), node: nameOf("build") },
  read: ({ build }) => [
    { labels: { version: registeredName(build.version), node: registeredName(build.node) }, value: 1 },
  ],
});
