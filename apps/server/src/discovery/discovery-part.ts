import { isDeepStrictEqual } from "node:util";
import type { Discovery } from "@mcp-hangar/core";
import type { ReloadPart } from "../reload/part.ts";

/** Lets discovery follow the configuration. What sources found stays, unless their section is gone. */
export function discoveryPart(discovery: Discovery): ReloadPart {
  return (next, previous) =>
    isDeepStrictEqual(next.discovery, previous.discovery) ? () => {} : discovery.prepare(next.discovery);
}
