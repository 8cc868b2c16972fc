import type { Usage, UsageReader } from "@mcp-hangar/telemetry";
import type { ResultPayload } from "./result-payload.ts";

/** What a server reports in `_meta` of its result. Nothing is parsed for it: of a large result only a small `_meta` is known. */
export function reportedUsage({ summary }: ResultPayload, read: UsageReader | undefined): Usage | undefined {
  return read === undefined || summary.meta === undefined ? undefined : read(summary.meta);
}
