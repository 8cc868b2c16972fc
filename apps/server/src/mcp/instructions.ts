import type { FleetEntry } from "@mcp-hangar/core";
import { redactText } from "@mcp-hangar/telemetry";
import type { McpOptions } from "./options.ts";

/** Characters of what one server says to models: whatever it says, every agent reads it with every conversation. */
const SERVER_CHARS_MAX = 2_000;
/** The same of all servers together; those that come later are left out. */
const ALL_CHARS_MAX = 16_000;

const OWN =
  "Tools and prompts of all servers are named <server>__<name>. hangar_call runs many tool calls in parallel.";

/**
 * The instructions of the aggregate: the gateway's own, the operator's, and those of the servers that have ever run, each
 * under its name, so that a model can tell who speaks.
 */
export function mergedInstructions(
  entries: readonly FleetEntry[],
  { instructions, server_instructions: ofServers }: McpOptions,
): string {
  const said = [OWN, ...(instructions === undefined ? [] : [instructions])];
  let left = ofServers ? ALL_CHARS_MAX : 0;
  for (const { id, peer } of entries) {
    const text = readable(peer?.instructions ?? "");
    if (text === "" || left <= 0) continue;
    const shown = text.slice(0, Math.min(SERVER_CHARS_MAX, left));
    left -= shown.length;
    said.push(`Server "${id}" says of its tools:\n${quoted(shown)}${shown.length < text.length ? " …" : ""}`);
  }
  return said.join("\n\n");
}

/** Without characters that nobody sees (control, format and private ones), which can hide text from people. */
function readable(text: string): string {
  const visible = text
    .slice(0, 10 * SERVER_CHARS_MAX)
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(/[^\P{C}\n\t]/gu, "");
  return redactText(visible, SERVER_CHARS_MAX * 2).trim();
}

/** Each line marked, so that no server can speak in the name of another or of the gateway. */
function quoted(text: string): string {
  return text.replaceAll(/^/gm, "> ");
}
