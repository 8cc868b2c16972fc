import type { LivingIncident } from "@mcp-hangar/testing";
import type { OtlpBehaviour } from "@mcp-hangar/testing/otlp";
import type { Collector } from "./collector.ts";
import { type Fault, job } from "./fault.ts";
import type { Fleet } from "./fleet.ts";
import { type Load, startLoad } from "./load.ts";
import type { Labels } from "./prometheus-process.ts";

const spans: Labels = { ...job, exporter: "otlp_traces", signal: "traces" };
const audit: Labels = { ...job, exporter: "otlp_audit", signal: "audit" };

/** What reason the failures of an exporter have, to tell what the alert was about. */
const failed = (exporter: string, reason: string): string =>
  `increase(mcp_hangar_telemetry_failures_total{job="mcp-hangar", exporter="${exporter}", reason="${reason}"}[30s]) > 0`;

/** Faults of OpenTelemetry collectors. Each gateway and signal has one of its own, so they may happen at the same time. */
export const COLLECTOR_FAULTS: readonly Fault[] = [
  {
    name: "a collector of spans that hangs",
    alerts: [{ alert: "TelemetryExportFailing", labels: spans }],
    evidence: failed("otlp_traces", "timeout"),
    begin: async ({ collectors }) => untilWell(collectors.spans, { kind: "hang" }),
  },
  {
    name: "a collector of audit records that is gone" satisfies LivingIncident,
    alerts: [{ alert: "TelemetryExportFailing", labels: audit }],
    evidence: failed("otlp_audit", "connection"),
    async begin({ collectors }) {
      const stopped = await collectors.audit.stop();
      return {
        async [Symbol.asyncDispose]() {
          await stopped[Symbol.asyncDispose]();
          await collectors.audit.takesExports();
        },
      };
    },
  },
  {
    name: "a collector that rejects some audit records for good",
    alerts: [{ alert: "AuditRecordsDropped", labels: audit }],
    begin: async (fleet) =>
      withCallsOfSmall(fleet, fleet.collectors.smallAudit, { kind: "partial", rejected: 1, message: "not this one" }),
  },
  {
    name: "a collector that refuses spans for good",
    alerts: [{ alert: "TelemetryRecordsDropped", labels: spans }],
    // 3 is INVALID_ARGUMENT.
    begin: async (fleet) =>
      withCallsOfSmall(fleet, fleet.collectors.smallSpans, { kind: "refuse", httpStatus: 400, grpcCode: 3 }),
  },
];

/** The collector is well again when it takes exports, and not when it says so. */
function untilWell(collector: Collector, behaviour: OtlpBehaviour): AsyncDisposable {
  collector.behave(behaviour);
  return {
    async [Symbol.asyncDispose]() {
      collector.behave({ kind: "accept" });
      await collector.takesExports();
    },
  };
}

/** Nobody else has to call the small gateway, whose exporters have nothing to send then. */
function withCallsOfSmall(fleet: Fleet, collector: Collector, behaviour: OtlpBehaviour): AsyncDisposable {
  const fault = untilWell(collector, behaviour);
  const load: Load = startLoad(() => fleet.callSmall(), 100);
  return {
    async [Symbol.asyncDispose]() {
      await fault[Symbol.asyncDispose]();
      await load[Symbol.asyncDispose]();
    },
  };
}
