import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../testing/index.ts";
import { framesOf, HEADER_BYTES } from "./frame.ts";
import type { SpoolItem } from "./segment-reader.ts";
import { Spool } from "./spool.ts";

const RECORDS = 40;
const SEGMENT_BYTES_MAX = 300;
const OPTIONS = {
  consumers: ["one"],
  segmentBytesMax: SEGMENT_BYTES_MAX,
  bytesMax: 1_000_000,
  whenFull: "refuse",
} as const;

/** In memory where there is such a folder: nothing here is about how long a disk takes to write. */
const TEMPORARY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

type Files = ReadonlyMap<string, Buffer>;

let parent: string;
let original: Files;
const payloads: Buffer[] = [];
let folders = 0;

beforeAll(async () => {
  parent = mkdtempSync(join(TEMPORARY, "hangar-recovery-"));
  const random = seededRandom(1);
  for (let sequence = 1; sequence <= RECORDS; sequence++) {
    const text = Buffer.from(`${sequence} `.repeat(Math.floor(random() * 12)));
    // Some hold what looks like a record itself, as one that a caller has made up could.
    const forged = Buffer.from("forged");
    payloads.push(random() < 0.3 ? Buffer.concat([text, framesOf(sequence + 1, [forged])]) : text);
  }
  const folder = join(parent, "original");
  const spool = await openAt(folder);
  for (const payload of payloads) await spool.append(payload);
  await spool.close();
  original = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

async function openAt(folder: string): Promise<Spool> {
  const opening = await Spool.open({ folder, ...OPTIONS });
  if (opening.kind === "failed") throw new Error(opening.message);
  return opening.spool;
}

async function readAll(spool: Spool): Promise<readonly SpoolItem[]> {
  const result = await spool.cursor("one").read({ recordsMax: 1_000_000, bytesMax: 1_000_000_000 });
  if (result.kind === "failed") throw new Error(result.message);
  return result.items;
}

/** The sequence numbers of an item. */
const range = (item: SpoolItem): readonly [number, number] =>
  item.kind === "record" ? [item.sequence, item.sequence] : [item.from, item.to];

interface Reading {
  readonly records: readonly number[];
  readonly gaps: readonly (readonly [number, number])[];
  /** The last sequence number that is a record or in a gap. */
  readonly last: number;
  readonly tornBytes: number;
}

/** Opens a folder with these files, reads it, uses it, and checks what must hold whatever is wrong with them. */
async function check(files: Files): Promise<Reading> {
  folders += 1;
  const folder = join(parent, String(folders));
  mkdirSync(folder);
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  const spool = await openAt(folder);
  const items = await readAll(spool);
  // Looked at by plain code, and expected once: this runs for thousands of items, of which an expectation each is most of the work.
  const wrong: string[] = [];
  let last = 0;
  for (const item of items) {
    const [from, to] = range(item);
    if (from !== last + 1) wrong.push(`${from} follows ${last}`);
    if (to < from) wrong.push(`${from} ends with ${to}`);
    if (item.kind === "record" && !payloads[from - 1]?.equals(item.payload)) wrong.push(`record ${from} is another`);
    last = to;
  }
  expect(wrong, "each number stands once, in its order, with its payload").toEqual([]);
  const added = await spool.append(Buffer.from("added"));
  expect(added).toEqual({ kind: "durable", sequence: last + 1 });
  await spool.close();
  const again = await openAt(folder);
  const expected = [...items, { kind: "record", sequence: last + 1, payload: Buffer.from("added") }];
  const read = await readAll(again);
  // Compares bytes as bytes, quickly; where it finds a difference, the slow way shows it.
  if (!isDeepStrictEqual(read, expected)) expect(read).toEqual(expected);
  await again.close();
  rmSync(folder, { recursive: true });
  return {
    records: items.flatMap((item) => (item.kind === "record" ? [item.sequence] : [])),
    gaps: items.flatMap((item) => (item.kind === "gap" ? [range(item)] : [])),
    last,
    tornBytes: spool.recovery.tornBytes,
  };
}

const segmentNames = (): readonly string[] => [...original.keys()].filter((name) => name.endsWith(".segment")).sort();

function nameAt(index: number): string {
  const name = segmentNames().at(index);
  if (name === undefined) throw new Error("there is no such segment");
  return name;
}

function bytesOf(name: string): Buffer {
  const bytes = original.get(name);
  if (bytes === undefined) throw new Error("there is no such segment");
  return Buffer.from(bytes);
}

const withFile = (name: string, bytes: Buffer | undefined, isOrderly = true): Files => {
  const files = new Map(original);
  if (bytes === undefined) files.delete(name);
  else files.set(name, bytes);
  if (!isOrderly) files.delete("end");
  return files;
};

const flipped = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
};

const firstOf = (name: string): number => Number.parseInt(name, 10);

describe("a spool that was closed in order", () => {
  it("has all its records, in several files", async () => {
    expect(segmentNames().length).toBeGreaterThan(4);
    expect(await check(original)).toEqual({
      records: payloads.map((_each, index) => index + 1),
      gaps: [],
      last: RECORDS,
      tornBytes: 0,
    });
  });

  it("reports every record that is missing when any file is cut anywhere", async () => {
    for (const name of [nameAt(1), nameAt(-1)]) {
      const bytes = bytesOf(name);
      for (let length = 0; length < bytes.length; length++) {
        const { records, gaps, last } = await check(withFile(name, bytes.subarray(0, length)));
        expect(last).toBe(RECORDS);
        expect(gaps).toHaveLength(1);
        expect(records.length + sizeOf(gaps)).toBe(RECORDS);
        expect(gaps[0]?.[0]).toBeGreaterThanOrEqual(firstOf(name));
      }
    }
  });

  it("loses one record to a bit of its payload, and the rest of the file to one of a header", async () => {
    const name = nameAt(1);
    const [first, end] = [firstOf(name), firstOf(nameAt(2))];
    const bytes = bytesOf(name);
    for (let byte = 0; byte < bytes.length; byte++) {
      const { records, gaps } = await check(withFile(name, flipped(bytes, byte * 8 + (byte % 8))));
      const [[from, to] = [0, 0]] = gaps;
      expect(gaps).toHaveLength(1);
      expect(records).toHaveLength(RECORDS - sizeOf(gaps));
      expect(from).toBeGreaterThanOrEqual(first);
      expect([from, end - 1]).toContain(to);
    }
  });

  it("reports a file that is gone", async () => {
    const name = nameAt(2);
    const { gaps } = await check(withFile(name, undefined));
    expect(gaps).toEqual([[firstOf(name), firstOf(nameAt(3)) - 1]]);
  });
});

describe("a spool whose process was killed", () => {
  it("cuts off a record that was torn, at any byte, and reports nothing", async () => {
    const name = nameAt(-1);
    const bytes = bytesOf(name);
    for (let length = 0; length < bytes.length; length++) {
      const { records, gaps, tornBytes } = await check(withFile(name, bytes.subarray(0, length), false));
      expect(gaps).toEqual([]);
      const kept = payloads.slice(firstOf(name) - 1, records.length);
      expect(length - tornBytes).toBe(kept.reduce((sum, payload) => sum + HEADER_BYTES + payload.length, 0));
    }
  });

  it("reports what a damaged header in its latest file may have cost, and gives no number twice", async () => {
    const name = nameAt(-1);
    const { records, gaps, last } = await check(withFile(name, flipped(bytesOf(name), 3), false));
    expect(records).toHaveLength(firstOf(name) - 1);
    expect(gaps).toEqual([[firstOf(name), last]]);
    expect(last).toBeGreaterThanOrEqual(RECORDS);
  });
});

it("whatever is wrong with its files, it throws nothing, invents nothing, and reports what it loses", async () => {
  const random = seededRandom(7);
  const integer = (max: number): number => Math.floor(random() * max);
  for (let round = 0; round < 300; round++) {
    const files = new Map(original);
    const names = segmentNames();
    for (let damage = 1 + integer(3); damage > 0; damage--) {
      const name = names[integer(names.length)] ?? "";
      const bytes = files.get(name);
      if (bytes === undefined || bytes.length === 0) continue;
      const at = integer(bytes.length);
      const damaged = [
        () => bytes.subarray(0, at),
        () => flipped(bytes, at * 8 + integer(8)),
        () => Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]),
        () => Buffer.concat([bytes, bytes.subarray(at)]),
        () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
        () => undefined,
      ][integer(6)]?.();
      if (damaged === undefined) files.delete(name);
      else files.set(name, damaged);
    }
    const { records, gaps, last } = await check(files);
    expect(last).toBeGreaterThanOrEqual(RECORDS);
    expect(records.length + sizeOf(gaps)).toBe(last);
  }
});

function sizeOf(gaps: Reading["gaps"]): number {
  return gaps.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}
