import type { Clock } from "@mcp-hangar/delivery";
import {
  auditResource,
  OTLPAuditExporter,
  type OTLPAuditExporterOptions,
  otlpLogsDestination,
} from "@mcp-hangar/otlp-audit";
import { EventIds } from "@mcp-hangar/telemetry";

/** The clock of this process. */
const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  defer: (callback) => void setImmediate(callback),
};

export const INSTANCE = "gateway-1";
export const VERSION = "1.2.3";

let runs = 0;

/** An exporter that is configured by an environment, as in a gateway. */
export function auditExporter(
  env: Readonly<Record<string, string>>,
  changes: Partial<OTLPAuditExporterOptions> = {},
): OTLPAuditExporter {
  const destination = otlpLogsDestination(env);
  if (destination === undefined) throw new Error("the environment names no endpoint");
  runs += 1;
  return new OTLPAuditExporter({
    destination,
    resource: auditResource(env, { version: VERSION, instance: INSTANCE }),
    instance: INSTANCE,
    version: VERSION,
    ids: new EventIds(`run${process.pid}-${runs}`),
    clock: systemClock,
    random: Math.random,
    ...changes,
  });
}
