import { journalFolders } from "./audit-journals.ts";
import type { AuditReplayOptions } from "./audit-program.ts";
import { printText } from "./terminal-text.ts";

/** `mcp-hangar audit replay`: moves the place of a sink in the journal of a gateway that does not run. */
export async function runAuditReplay(options: AuditReplayOptions): Promise<number> {
  const [folder = "", ...others] = journalFolders(options);
  if (others.length > 0) throw new Error("audit replay is about one journal: name one folder with --journal");
  const { sink: consumer, from: sequence } = options;
  const { replayJournal } = await import("@mcp-hangar/compliance");
  await replayJournal(folder, { consumer, sequence });
  printText(`the sink "${consumer}" gets records from number ${sequence} on when the gateway starts`);
  return 0;
}
