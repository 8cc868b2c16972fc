import type { Platform } from "@mcp-hangar/core";
import type { Langfuse } from "@mcp-hangar/langfuse";
import type { Exporter } from "@mcp-hangar/telemetry";
import { BUILD } from "../build-info.ts";
import type { LangfuseSection } from "../config/langfuse-options.ts";
import type { Logger } from "../logging/logging.ts";
import { quieted } from "../noise/quieted.ts";
import type { ExporterList } from "./exporter-list.ts";

/** How long Langfuse may take to say whether it accepts the keys, in ms; nobody waits for it. */
const KEY_CHECK_DEADLINE_MS = 15_000;

/** The package, which is loaded only where it is used. */
export type LangfusePackage = typeof import("@mcp-hangar/langfuse");

/** Adds the exporter of tool calls and that of their scores. */
export function addLangfuse(
  exporters: ExporterList,
  options: LangfuseSection,
  {
    loaded,
    platform,
    logger,
  }: { readonly loaded: LangfusePackage; readonly platform: Platform; readonly logger: Logger },
): void {
  const langfuse = new loaded.Langfuse({
    // The configuration is refused without them.
    publicKey: options.public_key ?? "",
    secretKey: options.secret_key ?? "",
    host: options.host,
    environment: options.environment,
    release: options.release,
    version: BUILD.version,
    sampleRate: options.sample_rate,
    scrubInputs: options.scrub_inputs,
    scrubOutputs: options.scrub_outputs,
    scores: options.scores,
    clock: platform.clock,
    random: () => platform.random(),
  });
  // Who is refused can be refused any number of times, and observations cost money elsewhere.
  const listener = quieted((event) => {
    if (event.type !== "events.repeated") langfuse.listener(event);
  }, platform.clock);
  exporters.add({ ...asExporter(langfuse), listener, open: async () => void tellKeys(langfuse, options.host, logger) });
  if (langfuse.scores !== undefined) exporters.add(langfuse.scores);
}

/** Its methods as members, which a copy has too. */
function asExporter(langfuse: Langfuse): Exporter {
  return {
    name: langfuse.name,
    signal: langfuse.signal,
    snapshot: () => langfuse.snapshot(),
    health: () => langfuse.health(),
    close: (deadlineMs) => langfuse.close(deadlineMs),
  };
}

/** Says at the start whether the keys are accepted, so that wrong ones are known before the first call. The gateway does not wait. */
async function tellKeys(langfuse: Langfuse, host: string, logger: Logger): Promise<void> {
  const check = await langfuse.checkKeys(KEY_CHECK_DEADLINE_MS);
  if (check.kind === "accepted") logger.info("langfuse_keys_accepted", { host, projects: check.projects.join(", ") });
  else if (check.kind === "refused") logger.error("langfuse_keys_refused", { host, message: check.message });
  else logger.warning("langfuse_unreachable", { host, message: check.message });
}
