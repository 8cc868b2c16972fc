import type { Platform } from "@mcp-hangar/core";
import type { CallTracer, EventIds, TelemetryBus } from "@mcp-hangar/telemetry";
import {
  addCompliance,
  type Compliance,
  type CompliancePackage,
  isComplianceWanted,
} from "../compliance/create-compliance.ts";
import { mayNeedOtlp } from "../config/preflight-otlp.ts";
import type { Config } from "../config/schema.ts";
import { History } from "../history/history.ts";
import type { Logging } from "../logging/logging.ts";
import { quieted } from "../noise/quieted.ts";
import { createOtlpAudit } from "../otlp-audit/create-otlp-audit.ts";
import { createOtlpLogs } from "../otlp-logs/create-otlp-logs.ts";
import { createTracing, tracerWithoutSpans } from "../tracing/tracing.ts";
import { ExporterList } from "./exporter-list.ts";
import { addLangfuse, type LangfusePackage } from "./langfuse.ts";

/** Packages that take time to load and are of use with some configurations only. */
export interface LoadedExporters {
  readonly langfuse: LangfusePackage | undefined;
  /** Audit records and lines of the log over OTLP. */
  readonly otlp: typeof import("@mcp-hangar/otlp-audit") | undefined;
  /** The audit journal and its sinks. */
  readonly compliance: CompliancePackage | undefined;
}

/** Loads what the configuration and the environment need. */
export async function loadExporters(
  { observability, compliance }: Config,
  env: Platform["env"],
): Promise<LoadedExporters> {
  return {
    langfuse: observability.langfuse.enabled ? await import("@mcp-hangar/langfuse") : undefined,
    otlp: mayNeedOtlp(observability, env) ? await import("@mcp-hangar/otlp-audit") : undefined,
    compliance: isComplianceWanted(compliance) ? await import("@mcp-hangar/compliance") : undefined,
  };
}

/** One key for spans and records, so that a call is found in both. */
function argsHashKeyOf({ observability, compliance }: Config): string | undefined {
  return observability.tracing.args_hash_key ?? compliance.args_hash_key;
}

/** Where telemetry goes. */
interface Exporters {
  readonly exporters: ExporterList;
  /** In the list as well, and asked by the management; `undefined` when the configuration asks for none. */
  readonly history: History | undefined;
  /** Makes the spans, or hands contexts on; `undefined` when the configuration asks for nothing. */
  readonly tracer: CallTracer | undefined;
  /** The audit trail; `undefined` when the configuration asks for none. */
  readonly compliance: Compliance | undefined;
}

/** What exporters stand on; the log is there before everything else. */
interface ExporterEnvironment {
  readonly bus: TelemetryBus;
  readonly platform: Platform;
  readonly logging: Logging;
  /** An event has the same id in every export. */
  readonly ids: EventIds;
  readonly loaded: LoadedExporters;
}

/** The exporters of the configuration, subscribed before anything happens. Only metrics join later, as they read the runtime. */
export function createExporters(config: Config, environment: ExporterEnvironment): Exporters {
  const { bus, platform, logging, ids, loaded } = environment;
  const { clock } = platform;
  const { history: options, observability } = config;
  const exporters = new ExporterList(bus, logging.logger);
  exporters.add({ ...logging, listener: quieted(logging.listener, clock) });
  const history = options.file === undefined ? undefined : new History({ ...options, file: options.file }, clock);
  if (history !== undefined) exporters.add(history);
  const run = platform.uuid();
  const argsHashKey = argsHashKeyOf(config);
  if (loaded.otlp !== undefined) {
    const problem = loaded.otlp.resourceProblem(platform.env);
    if (problem !== undefined) logging.logger.warning("otlp_resource_invalid", { message: problem });
    const common = { otlp: loaded.otlp, platform, run, serviceName: observability.tracing.service_name };
    const otlpLogs = createOtlpLogs(observability.otlp_logs, { ...common, logging });
    if (otlpLogs !== undefined) exporters.add(otlpLogs);
    const otlpAudit = createOtlpAudit(observability.otlp_audit, {
      ...common,
      logger: logging.logger,
      ids,
      argsHashKey,
    });
    if (otlpAudit !== undefined) exporters.add(otlpAudit);
  }
  const tracing = createTracing(
    { ...observability.tracing, args_hash_key: argsHashKey },
    { platform, logger: logging.logger, run },
  );
  if (tracing !== undefined) exporters.add(tracing);
  if (loaded.langfuse !== undefined) {
    const { logger } = logging;
    addLangfuse(exporters, observability.langfuse, { loaded: loaded.langfuse, platform, logger });
  }
  const compliance =
    loaded.compliance &&
    addCompliance(exporters, config.compliance, {
      compliance: loaded.compliance,
      platform,
      logger: logging.logger,
      ids,
      run,
      argsHashKey,
    });
  return { exporters, history, tracer: tracing?.tracer ?? tracerWithoutSpans(observability.tracing), compliance };
}
