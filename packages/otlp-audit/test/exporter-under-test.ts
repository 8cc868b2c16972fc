import type { Clock } from "@mcp-hangar/delivery";
import {
  auditResource,
  OTLPAuditExporter,
  type OTLPAuditExporterOptions,
  OTLPLogExporter,
  type OTLPLogExporterOptions,
  type OtlpDestination,
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
  runs += 1;
  return new OTLPAuditExporter({
    destination: destinationOf(env),
    resource: auditResource(env, { version: VERSION, instance: INSTANCE }),
    instance: INSTANCE,
    version: VERSION,
    ids: new EventIds(`run${process.pid}-${runs}`),
    clock: systemClock,
    random: Math.random,
    ...changes,
  });
}

/** The same for lines of a log. */
export function logExporter(
  env: Readonly<Record<string, string>>,
  changes: Partial<OTLPLogExporterOptions> = {},
): OTLPLogExporter {
  return new OTLPLogExporter({
    destination: destinationOf(env),
    resource: auditResource(env, { version: VERSION, instance: INSTANCE }),
    version: VERSION,
    clock: systemClock,
    random: Math.random,
    ...changes,
  });
}

function destinationOf(env: Readonly<Record<string, string>>): OtlpDestination {
  const destination = otlpLogsDestination(env);
  if (destination === undefined) throw new Error("the environment names no endpoint");
  return destination;
}
