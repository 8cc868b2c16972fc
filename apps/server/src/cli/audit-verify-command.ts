import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { JournalFinding, KnownCheckpoint } from "@mcp-hangar/compliance";
import { journalFolders } from "./audit-journals.ts";
import type { AuditVerifyOptions } from "./audit-program.ts";
import { AuditProgress } from "./audit-progress.ts";
import { LineOutput } from "./line-output.ts";

/** `mcp-hangar audit verify`: 1 when something is not as it was written. */
export async function runAuditVerify(options: AuditVerifyOptions): Promise<number> {
  const folders = journalFolders(options);
  const publicKeys = options.publicKey?.map((file) => readFileSync(file, "utf8"));
  const checkpoints: KnownCheckpoint[] = [];
  for (const file of options.checkpoints ?? []) checkpoints.push(...(await checkpointsIn(file)));
  const { verifyJournal } = await import("@mcp-hangar/compliance");
  const progress = new AuditProgress("verifying");
  const output = new LineOutput();
  let isIntact = true;
  try {
    for (const folder of folders) await progress.expect(folder);
    for await (const finding of verifyJournal(folders, { publicKeys, checkpoints, files: progress.files })) {
      if (finding.kind === "problem") isIntact = false;
      if (options.json === true) await output.printJson(JSON.stringify(finding));
      else await output.print(textOf(finding));
    }
  } finally {
    output.end();
    progress.end();
  }
  return isIntact ? 0 : 1;
}

/** A file of lines may be as large as a journal; checkpoints are a thousandth of it. */
async function checkpointsIn(file: string): Promise<readonly KnownCheckpoint[]> {
  const found: KnownCheckpoint[] = [];
  let records = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!line.includes('"audit.checkpoint"')) continue;
    records += 1;
    const checkpoint = checkpointOf(line);
    if (checkpoint !== undefined) found.push(checkpoint);
  }
  if (found.length > 0) return found;
  const why =
    records === 0 ? "none of its lines is a record audit.checkpoint" : "its checkpoints have no number and hash";
  throw new Error(
    `${file} holds no checkpoints: ${why}; give it JSON lines as a sink with the format json-lines gets them`,
  );
}

function checkpointOf(line: string): KnownCheckpoint | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { checkpoint } = (value ?? {}) as { readonly checkpoint?: Readonly<Record<string, unknown>> };
  const { journal, sequence, hash } = checkpoint ?? {};
  const isOne = typeof journal === "string" && typeof sequence === "number" && typeof hash === "string";
  // The first one of a journal is about nothing before it.
  return isOne && sequence > 0 ? { journal, sequence, hash } : undefined;
}

function textOf(finding: JournalFinding): string {
  switch (finding.kind) {
    case "problem": {
      const { problem, folder, segment, sequence, expected, found } = finding;
      const place = [folder, segment, sequence === undefined ? undefined : `record ${sequence}`];
      return `${place.filter((part) => part !== undefined).join(", ")}: ${problem}: expected ${expected}, found ${found}`;
    }
    case "open_intent": {
      const { folder, sequence, id, isOver } = finding;
      const why = isOver
        ? "the gateway ended before it could say what became of it"
        : "it is under way, or the gateway has just ended";
      return `${folder}, record ${sequence}: an intent without an end (${id}): ${why}`;
    }
    case "gap": {
      const { folder, sequence, gap } = finding;
      const { reason, count, from, to, since, until } = gap;
      const which = from !== undefined ? `records ${from} to ${to}` : `${count ?? "an unknown number of"} records`;
      const when = since === undefined ? "" : `, between ${since} and ${until}`;
      return `${folder}, record ${sequence}: the journal says itself that ${which} are missing (${reason})${when}`;
    }
    case "torn": {
      const { folder, segment, bytes } = finding;
      return `${folder}, ${segment}: ${bytes} bytes of a record that was never confirmed, as a crash leaves them`;
    }
    case "summary": {
      const { folder, isIntact, problems, records, first, last, hash, checkpoints, signedUntil, keys } = finding;
      const verdict = isIntact ? "intact" : `NOT INTACT, ${problems === 1 ? "1 problem" : `${problems} problems`}`;
      const range = first === undefined ? "no records" : `${records} records, ${first} to ${last}`;
      const key = KEYS[keys];
      return `${folder}: ${verdict}; ${range}; ${checkpoints} checkpoints, the last for record ${signedUntil}, ${key}; the last hash is ${hash}`;
    }
  }
}

const KEYS = {
  given: "signed by the key that was given",
  folder: "signed by the key in the folder (give --public-key to be sure that it is the right one)",
  none: "whose signatures were not looked at, because there is no key",
} as const;
