import { moveConsumer, type SpoolFiles } from "@mcp-hangar/delivery/spool";

/**
 * Has a sink begin again with a record, at the next start of the gateway: `consumer` is the name of the sink, `sequence` the number of the
 * record. The receiver gets what follows a second time. The gateway must not be running; while it runs, `readJournal` and the sink itself
 * do the same. Rejects with what is wrong.
 */
export function replayJournal(
  folder: string,
  place: { readonly consumer: string; readonly sequence: number },
  files?: SpoolFiles,
): Promise<void> {
  return moveConsumer(folder, place, files);
}
