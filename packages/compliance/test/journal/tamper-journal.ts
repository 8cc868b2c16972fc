import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { JournalProblem, KnownCheckpoint } from "@mcp-hangar/compliance";
import { readJournal } from "@mcp-hangar/compliance";
import { seededRandom } from "@mcp-hangar/delivery/testing";
import { type AuditRecord, auditRecordOf } from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { expect } from "vitest";
import { openJournal, temporaryFolder, verified } from "./support.ts";
import { filesOf, payloadsOf, segmentNames, TAMPERINGS, tamper } from "./tampering.ts";

const RECORDS = 10_000;

/** What is done to the records of a journal. */
export interface Damages {
  readonly seed: number;
  /** How often something is done in all. */
  readonly count: number;
  /** Of these so many before each verification, in files that are no neighbours: each must be found, whatever the others are. */
  readonly together: number;
}

/** Writes a journal, alters copies of it in so many ways out of a seed, and expects each to be found. */
export async function findEveryTampering({ seed, count, together }: Damages): Promise<void> {
  using folder = temporaryFolder();
  const original = join(folder.path, "original");
  const journal = await openJournal(original, {
    segmentBytesMax: 1_200_000,
    memory: { recordsMax: RECORDS, bytesMax: 1e9 },
  });
  const written = records(RECORDS).map((record) => journal.record(record));
  const { publicKeyPem } = journal;
  await Promise.all(written);
  await journal.close(60_000);
  const publicKeys = [publicKeyPem];
  const { summary } = await verified(original, { publicKeys });
  expect(summary).toMatchObject({ isIntact: true, problems: 0, keys: "given" });
  expect(summary.records).toBeGreaterThan(RECORDS);
  const checkpoints = await knownCheckpoints(original);
  const files = filesOf(original);
  const names = segmentNames(original);
  const recordsIn = new Map(names.map((name) => [name, payloadsOf(files.get(name) ?? Buffer.alloc(0)).length]));
  const random = seededRandom(seed);
  const copy = join(folder.path, "copy");
  mkdirSync(copy);
  for (const [name, bytes] of files) writeFileSync(join(copy, name), bytes);
  for (let done = 0; done < count; done += together) {
    const damages = apart(names, Math.min(together, count - done), random).map((name, index) =>
      damage(join(copy, name), { number: done + index, records: recordsIn.get(name) ?? 0, random }),
    );
    const result = await verified(copy, { publicKeys, checkpoints });
    const what = `seed ${seed}: ${damages.map((each) => each.what).join(", ")}`;
    expect(result.summary.isIntact, what).toBe(false);
    for (const each of damages) expect(problemsNear(each, result.problems).length, each.what).toBeGreaterThan(0);
    for (const { name } of damages) writeFileSync(join(copy, name), files.get(name) ?? "");
  }
  // What was found each time was that, and nothing that a round before has left.
  expect((await verified(copy, { publicKeys, checkpoints })).problems).toEqual([]);
}

/** So many of some names at random, of which no two stand beside each other. */
function apart(names: readonly string[], count: number, random: () => number): readonly string[] {
  const places = Array.from({ length: names.length - count + 1 }, (_, index) => index);
  const chosen = Array.from({ length: count }, () => places.splice(Math.floor(random() * places.length), 1)).flat();
  return chosen.toSorted((a, b) => a - b).map((place, before) => names[place + before] ?? "");
}

interface Damage {
  /** Name of the file. */
  readonly name: string;
  /** Records that it had. */
  readonly records: number;
  readonly what: string;
}

interface DamageOptions {
  /** How many there were before. */
  readonly number: number;
  readonly records: number;
  readonly random: () => number;
}

/** Does something to a record of a file, another thing each time. */
function damage(path: string, { number, records, random }: DamageOptions): Damage {
  // The first and the last records are the ones that are forgotten.
  const index = number % 5 === 0 ? (number % 10 === 0 ? 0 : records - 1) : Math.floor(random() * records);
  const tampering = TAMPERINGS[number % TAMPERINGS.length] ?? "edit";
  const isCareful = number % 3 !== 0;
  tamper(path, { tampering, index, isCareful, pick: random });
  const name = basename(path);
  const what = `${tampering} of record ${index} in ${name}, ${isCareful ? "with" : "without"} right checksums`;
  return { name, records, what };
}

/** Those that say where: in that file, or by the number of a record that is or was in it. */
function problemsNear({ name, records }: Damage, problems: readonly JournalProblem[]): readonly JournalProblem[] {
  const first = Number.parseInt(name, 10);
  return problems.filter(({ segment, sequence = 0 }) => {
    return segment === name || (sequence >= first - 1 && sequence <= first + records);
  });
}

/** So many records, each of another type than those around it. */
function records(count: number): readonly AuditRecord[] {
  const all = sampleEvents().flatMap((event) => auditRecordOf(event, { id: "sample", instance: "gateway-1" }) ?? []);
  const ofEveryType = [...new Map(all.map((record) => [record.type, record])).values()];
  return Array.from({ length: Math.ceil(count / ofEveryType.length) }, () => ofEveryType)
    .flat()
    .slice(0, count)
    .map((record, index) => ({ ...record, id: `record-${index}` }));
}

/** What a SIEM system would have of the checkpoints. */
async function knownCheckpoints(folder: string): Promise<readonly KnownCheckpoint[]> {
  const found: KnownCheckpoint[] = [];
  for await (const { record } of readJournal(folder))
    if (record.checkpoint !== undefined) found.push(record.checkpoint);
  return found;
}
