import type { Platform } from "@mcp-hangar/core";
import type { LogLineRecord, OTLPLogExporter } from "@mcp-hangar/otlp-audit";
import { knownSecrets } from "@mcp-hangar/telemetry";
import { BUILD } from "../build-info.ts";
import { callLine } from "../logging/call-line.ts";
import type { LogEntry } from "../logging/line.ts";
import type { Logging } from "../logging/logging.ts";
import { redactFields } from "../logging/redact.ts";
import { secretsOf } from "./destination-secrets.ts";
import { OTLP_LOGS_OFF, type OtlpLogsOptions } from "./options.ts";

interface OtlpLogsEnvironment {
  readonly otlp: typeof import("@mcp-hangar/otlp-audit");
  readonly platform: Platform;
  /** What it writes from now on is sent. */
  readonly logging: Logging;
  /** Id of this run, which names the gateway unless the environment does. */
  readonly run: string;
  /** What the gateway is called in every signal, if the configuration says it. */
  readonly serviceName: string | undefined;
}

/**
 * The exporter of log lines over OTLP; `undefined` when the configuration does not enable it, or nothing names an endpoint.
 * @throws Error when what they say cannot work.
 */
export function createOtlpLogs(
  options: OtlpLogsOptions,
  { otlp, platform, logging, run, serviceName }: OtlpLogsEnvironment,
): OTLPLogExporter | undefined {
  if (!options.enabled) return undefined;
  const { env, clock } = platform;
  const { logger } = logging;
  const destination = otlp.otlpLogsDestination(env, options);
  if (destination === undefined) {
    logger.warning("otlp_logs_off", { message: OTLP_LOGS_OFF });
    return undefined;
  }
  knownSecrets.replace("otlp_logs", secretsOf(destination));
  const exporter = new otlp.OTLPLogExporter({
    destination,
    resource: otlp.auditResource(env, { name: serviceName, version: BUILD.version, instance: run }),
    version: BUILD.version,
    onProblem(problem) {
      if (problem === undefined) logger.info("otlp_logs_recovered");
      else logger.warning("otlp_logs_failing", { message: problem });
    },
    clock,
    random: () => platform.random(),
  });
  logging.copyTo((entry) => exporter.offer(() => recordOf(entry)));
  return exporter;
}

/** Without secrets, as the log writes it: facts of calls have none. */
function recordOf(entry: LogEntry): LogLineRecord {
  if (entry.kind === "call") return callLine(entry);
  const { timeMs, level, event, fields, trace } = entry;
  return { timeMs, level, event, fields: redactFields(fields), trace };
}
