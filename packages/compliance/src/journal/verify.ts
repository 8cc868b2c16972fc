import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { nodeFiles, type SpoolFiles, scanSpool, spoolPositions } from "@mcp-hangar/delivery/spool";
import { ChainCheck } from "./chain-check.ts";
import { PUBLIC_KEY_FILE, publicKeysOf } from "./checkpoint-key.ts";
import type { JournalFinding, JournalProblem, KnownCheckpoint } from "./findings.ts";
import { IDENTITY_FILE } from "./recover-chain.ts";

export interface VerifyOptions {
  /** Public keys in PEM that may have signed the checkpoints. Without them those in the folder are believed, if there are any. */
  readonly publicKeys?: readonly string[] | undefined;
  /** Checkpoints that were kept elsewhere. Without them, an end that is cut off behind a checkpoint cannot be found. */
  readonly checkpoints?: readonly KnownCheckpoint[] | undefined;
  readonly files?: SpoolFiles | undefined;
}

/**
 * Verifies journals, each in a folder, and yields what is found; of each folder the summary comes last. Nothing is changed, and a gateway
 * may be writing meanwhile. Rejects with the error of the system, and for a key that is none.
 */
export async function* verifyJournal(
  folders: string | readonly string[],
  options: VerifyOptions = {},
): AsyncGenerator<JournalFinding, void> {
  const { publicKeys, checkpoints = [] } = options;
  const given = publicKeys?.flatMap(publicKeysOf);
  const all = typeof folders === "string" ? [folders] : folders;
  const journals = new Set<string>();
  for (const folder of all) {
    const summary = yield* verifyFolder(folder, { ...options, given, isOnly: all.length === 1 });
    if (summary.journal !== undefined) journals.add(summary.journal);
  }
  // Those of a journal that is in none of the folders would be silently left out otherwise.
  for (const { journal, sequence, hash } of checkpoints) {
    if (journal === undefined || journals.has(journal)) continue;
    yield {
      kind: "problem",
      problem: "missing",
      folder: all.join(", "),
      segment: undefined,
      sequence,
      expected: `the journal ${journal} with record ${sequence} of the hash ${hash}, by a checkpoint`,
      found: "other journals",
    };
  }
}

interface FolderOptions extends VerifyOptions {
  readonly given: readonly KeyObject[] | undefined;
  readonly isOnly: boolean;
}

async function* verifyFolder(
  folder: string,
  { given, checkpoints = [], files = nodeFiles, isOnly }: FolderOptions,
): AsyncGenerator<JournalFinding, { readonly journal: string | undefined }> {
  // Written before the records are read: what is appended meanwhile is not missing.
  const positions = await spoolPositions(folder, files);
  const own = given === undefined ? await files.readText(join(folder, PUBLIC_KEY_FILE)) : undefined;
  const keys = given ?? (own === undefined ? [] : publicKeysOf(own));
  const identity = (await files.readText(join(folder, IDENTITY_FILE)))?.trim();
  const known = checkpoints.filter(({ journal }) => journal === undefined || journal === identity || isOnly);
  const check = new ChainCheck({ folder, keys, known });
  for await (const frame of scanSpool(folder, { files })) yield* check.take(frame);
  yield* check.finish(positions);
  const problem = overall(check, { folder, isKeyed: keys.length > 0 });
  if (problem !== undefined) yield problem;
  const problems = check.problems + (problem === undefined ? 0 : 1);
  const { journal, records, first, last, hash, signedUntil, forgottenIntents } = check;
  yield {
    kind: "summary",
    folder,
    isIntact: problems === 0,
    problems,
    journal,
    records,
    first,
    last,
    hash,
    checkpoints: check.checkpoints,
    signedUntil,
    keys: given === undefined ? (own === undefined ? "none" : "folder") : "given",
    forgottenIntents,
  };
  return { journal: journal ?? identity };
}

function overall(
  { records, checkpoints }: ChainCheck,
  { folder, isKeyed }: { readonly folder: string; readonly isKeyed: boolean },
): JournalProblem | undefined {
  const common = { kind: "problem", folder, segment: undefined, sequence: undefined } as const;
  if (records === 0) {
    return { ...common, problem: "no_journal", expected: "the records of a journal", found: "none" };
  }
  if (isKeyed && checkpoints === 0) {
    return { ...common, problem: "unsigned", expected: "checkpoints that the key has signed", found: "none" };
  }
  return undefined;
}
