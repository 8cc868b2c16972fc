import { Spool, type SpoolFiles } from "@mcp-hangar/delivery/spool";
import { type ChainParts, ChainWriter } from "./chain-writer.ts";
import { openCheckpointKey } from "./checkpoint-key.ts";
import type { JournalSettings } from "./options.ts";
import { journalIdentity, recoverChain } from "./recover-chain.ts";

/** Bytes of lines in memory for sinks that keep up; the records of which they were made take about three times as much. */
const TAIL_BYTES_MAX = 4_194_304;

/** A journal that is open. */
export interface OpenJournal {
  readonly spool: Spool;
  readonly chain: ChainWriter;
  readonly publicKeyPem: string;
  readonly journal: string;
}

/** Opens the folder of a journal, and finds out where its chain ends. Rejects with what is wrong and what to do. */
export async function openJournal(
  settings: JournalSettings,
  files: SpoolFiles,
  { losses, stall }: Pick<ChainParts, "losses" | "stall">,
): Promise<OpenJournal> {
  const { folder, consumers, segmentBytesMax, instance, clock, random } = settings;
  // What has to be removed is said in the chain before it is removed, which takes room itself.
  const bytesMax = settings.bytesMax + 2 * segmentBytesMax;
  const opening = await Spool.open(
    {
      folder,
      consumers,
      segmentBytesMax,
      bytesMax,
      whenFull: "refuse",
      keep: "until_discarded",
      tailBytesMax: TAIL_BYTES_MAX,
    },
    files,
  );
  if (opening.kind === "failed") throw new Error(`the audit journal: ${opening.message}`);
  const { spool } = opening;
  try {
    const key = await openCheckpointKey(folder, files, settings.privateKeyPem);
    const journal = await journalIdentity(folder, files, [key.id, instance, `${clock.wallMs()}`, `${random()}`]);
    const { head, gaps } = await recoverChain(spool, folder, files);
    const chain = new ChainWriter({ spool, settings, key, journal, head, found: gaps, losses, stall });
    return { spool, chain, publicKeyPem: key.publicKeyPem, journal };
  } catch (error) {
    await spool.close();
    throw error;
  }
}
