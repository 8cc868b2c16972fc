import type { OptionProblem, Platform } from "@mcp-hangar/core";
import type { Config } from "../config/schema.ts";
import { OTLP_AUDIT_OFF } from "../otlp-audit/options.ts";
import { OTLP_LOGS_OFF } from "../otlp-logs/options.ts";
import { placeOfSpans, wishOf } from "../tracing/tracing.ts";

type Environment = Platform["env"];
type Observability = Config["observability"];

/** What a look at spans, audit records and log lines over OTLP has come to. */
interface Findings {
  /** What keeps the gateway from its start. */
  readonly problems: readonly OptionProblem[];
  /** What it starts without, and what is used instead. */
  readonly notes: readonly string[];
}

/** Whether audit records or log lines may leave over OTLP; one that is enabled without an endpoint says so. */
export function mayNeedOtlp({ otlp_audit: audit, otlp_logs: logs }: Observability, env: Environment): boolean {
  if (logs.enabled || audit.enabled === true) return true;
  const endpoint = audit.endpoint || env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return audit.enabled !== false && Boolean(endpoint);
}

/**
 * Looks at what file and environment say of everything that leaves over OTLP, with the code that uses it, and sends nothing: a wrong
 * `OTEL_EXPORTER_OTLP_TIMEOUT` is in no file, and nobody who checks one would look for it.
 */
export async function preflightOtlp(observability: Observability, env: Environment): Promise<Findings> {
  const { otlp_audit: audit, otlp_logs: logs } = observability;
  const looks: [section: string, look: () => Promise<string | undefined>][] = [
    ["tracing", () => lookAtTracing(observability, env)],
  ];
  if (mayNeedOtlp(observability, env)) {
    if (audit.enabled !== false)
      looks.push(["otlp_audit", () => lookAtLogs(audit, env, audit.enabled ? OTLP_AUDIT_OFF : undefined)]);
    if (logs.enabled) looks.push(["otlp_logs", () => lookAtLogs(logs, env, OTLP_LOGS_OFF)]);
  }
  const problems: OptionProblem[] = [];
  const notes = new Set<string>();
  for (const [section, look] of looks) {
    try {
      const note = await look();
      if (note !== undefined) notes.add(note);
    } catch (error) {
      problems.push({ path: [section], message: (error as Error).message });
    }
  }
  return { problems, notes: [...notes] };
}

/** Rejects with what cannot be used; resolves to what is left out. */
async function lookAtTracing({ tracing }: Observability, env: Environment): Promise<string | undefined> {
  const wish = wishOf(tracing, env);
  if (!wish.isOn) return wish.problem;
  const { checkTracing } = await import("@mcp-hangar/tracing");
  return checkTracing(placeOfSpans(tracing, env));
}

/** The same for log records; without an endpoint they are off. */
async function lookAtLogs(
  options: Observability["otlp_audit"] | Observability["otlp_logs"],
  env: Environment,
  off: string | undefined,
): Promise<string | undefined> {
  const { otlpDestination, readTlsFiles, resourceProblem } = await import("@mcp-hangar/delivery/otlp");
  const destination = otlpDestination("logs", env, options);
  if (destination === undefined) return off;
  await readTlsFiles(destination);
  return resourceProblem(env);
}
