import type { Platform } from "@mcp-hangar/core";
import { argsHashOf, KeyedHash } from "@mcp-hangar/delivery";
import type { OTLPAuditExporter } from "@mcp-hangar/otlp-audit";
import { type EventIds, type Exporter, knownSecrets } from "@mcp-hangar/telemetry";
import { DeferredEvents } from "../assemble/deferred-events.ts";
import { BUILD } from "../build-info.ts";
import type { Logger } from "../logging/logging.ts";
import { secretsOf } from "../otlp-logs/destination-secrets.ts";
import { OTLP_AUDIT_OFF, type OtlpAuditOptions } from "./options.ts";

interface OtlpAuditEnvironment {
  readonly otlp: typeof import("@mcp-hangar/otlp-audit");
  readonly platform: Platform;
  readonly logger: Logger;
  readonly ids: EventIds;
  /** Id of this run, which names the gateway unless the environment does. */
  readonly run: string;
  /** What the gateway is called in every signal, if the configuration says it. */
  readonly serviceName: string | undefined;
  /** Key of the digest of arguments; there is none without. */
  readonly argsHashKey: string | undefined;
}

/**
 * The exporter of audit records over OTLP; `undefined` when neither the configuration nor the environment names an endpoint.
 * @throws Error when what they say cannot work.
 */
export function createOtlpAudit(
  options: OtlpAuditOptions,
  { otlp, platform, logger, ids, run, serviceName, argsHashKey }: OtlpAuditEnvironment,
): Exporter | undefined {
  if (options.enabled === false) return undefined;
  const { env, clock } = platform;
  const destination = otlp.otlpLogsDestination(env, options);
  if (destination === undefined) {
    if (options.enabled === true) logger.warning("otlp_audit_off", { message: OTLP_AUDIT_OFF });
    return undefined;
  }
  knownSecrets.replace("otlp_audit", secretsOf(destination));
  const resource = otlp.auditResource(env, { name: serviceName, version: BUILD.version, instance: run });
  const { spool_folder: folder, spool_max_bytes: bytesMax, when_full: whenFull } = options;
  const hash = argsHashKey === undefined ? undefined : new KeyedHash(argsHashKey);
  const exporter = new otlp.OTLPAuditExporter({
    destination,
    resource,
    // It has one: a run of its own, or the name that the environment gives it.
    instance: resource["service.instance.id"] ?? "",
    version: BUILD.version,
    ids,
    ...(hash && { argsHash: (event) => argsHashOf(event, hash) }),
    spool: folder === undefined ? undefined : { folder, bytesMax, whenFull },
    onProblem(problem) {
      if (problem === undefined) logger.info("otlp_audit_recovered");
      else logger.warning("otlp_audit_failing", { message: problem });
    },
    clock,
    random: () => platform.random(),
  });
  return hash === undefined ? exporter : deferred(exporter, clock);
}

/** Digests take time that callers must not wait for. */
function deferred(exporter: OTLPAuditExporter, clock: Platform["clock"]): Exporter {
  const events = new DeferredEvents(exporter.listener, clock);
  return {
    name: exporter.name,
    signal: exporter.signal,
    listener: events.listener,
    open: () => exporter.open(),
    snapshot: () => exporter.snapshot(),
    health: () => exporter.health(),
    close(deadlineMs) {
      events.drain();
      return exporter.close(deadlineMs);
    },
  };
}
