import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KnownCheckpoint } from "@mcp-hangar/compliance";
import { readJournal } from "@mcp-hangar/compliance";
import { seededRandom } from "@mcp-hangar/delivery/testing";
import { type AuditRecord, auditRecordOf } from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { expect } from "vitest";
import { openJournal, temporaryFolder, verified } from "./support.ts";
import { filesOf, payloadsOf, segmentNames, TAMPERINGS, tamper } from "./tampering.ts";

const RECORDS = 10_000;

/** Writes a journal, alters copies of it in so many ways out of a seed, and expects each to be found. */
export async function findEveryTampering(seed: number, rounds: number): Promise<void> {
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
  const random = seededRandom(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const copy = join(folder.path, "copy");
  mkdirSync(copy);
  for (const [name, bytes] of files) writeFileSync(join(copy, name), bytes);
  for (let round = 0; round < rounds; round++) {
    const name = names[pick(names.length)] ?? "";
    const count = payloadsOf(files.get(name) ?? Buffer.alloc(0)).length;
    // The first and the last records are the ones that are forgotten.
    const index = round % 5 === 0 ? (round % 10 === 0 ? 0 : count - 1) : pick(count);
    const tampering = TAMPERINGS[round % TAMPERINGS.length] ?? "edit";
    const isCareful = round % 3 !== 0;
    tamper(join(copy, name), { tampering, index, isCareful, pick: random });
    const result = await verified(copy, { publicKeys, checkpoints });
    const what = `${tampering} of record ${index} in ${name}, ${isCareful ? "with" : "without"} right checksums, seed ${seed}`;
    expect(result.summary.isIntact, what).toBe(false);
    // It says where: in that file, or by the number of a record that is or was in it.
    const first = Number.parseInt(name, 10);
    const near = result.problems.filter(({ segment, sequence = 0 }) => {
      return segment === name || (sequence >= first - 1 && sequence <= first + count);
    });
    expect(near.length, what).toBeGreaterThan(0);
    writeFileSync(join(copy, name), files.get(name) ?? "");
  }
  // What was found each time was that one, and nothing that a round before has left.
  expect((await verified(copy, { publicKeys, checkpoints })).problems).toEqual([]);
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
