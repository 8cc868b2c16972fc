import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryFiles } from "../testing/index.ts";
import { nodeFiles, type SpoolFiles } from "./files.ts";
import { HEADER_BYTES } from "./frame.ts";
import { moveConsumer } from "./move-consumer.ts";
import { type ScannedFrame, scanSpool, spoolPositions } from "./scan.ts";
import { Spool, type SpoolOptions } from "./spool.ts";

let folder: string;
const open: Spool[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-spool-"));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((spool) => spool.close()));
  rmSync(folder, { recursive: true, force: true });
});

const SEGMENT = 10 * (HEADER_BYTES + 8);
const record = (number: number): Buffer => Buffer.from(String(number).padStart(8, "0"));
const records = (from: number, to: number): readonly Buffer[] =>
  Array.from({ length: to - from + 1 }, (_each, index) => record(from + index));

async function openSpool(changes: Partial<SpoolOptions> = {}, files: SpoolFiles = nodeFiles): Promise<Spool> {
  const opening = await Spool.open(
    { folder, consumers: ["one"], segmentBytesMax: SEGMENT, bytesMax: 100 * SEGMENT, whenFull: "refuse", ...changes },
    files,
  );
  if (opening.kind === "failed") throw new Error(opening.message);
  open.push(opening.spool);
  return opening.spool;
}

async function scan(options?: Parameters<typeof scanSpool>[1]): Promise<readonly ScannedFrame[]> {
  const frames: ScannedFrame[] = [];
  for await (const frame of scanSpool(folder, options)) frames.push(frame);
  return frames;
}

/** In short: number and place of records, number and bytes of everything else. */
const shortly = (frames: readonly ScannedFrame[]) =>
  frames.map((frame) =>
    frame.kind === "record"
      ? `${frame.sequence} ${Number(frame.payload.toString())} ${frame.place}`
      : `${frame.sequence} ${frame.kind} ${frame.bytes}`,
  );

describe("records that stand or fall together", () => {
  it("follow each other in one file, and the result has the number of the first", async () => {
    const spool = await openSpool();
    const results = await Promise.all([
      spool.append(record(1)),
      spool.appendAll(records(2, 8)),
      spool.appendAll(records(9, 12)),
    ]);
    expect(results).toEqual([1, 2, 9].map((sequence) => ({ kind: "durable", sequence })));
    expect(spool.next).toBe(13);
    // The first file has no room for all four.
    expect(spool.files).toMatchObject([
      { first: 1, end: 9 },
      { first: 9, end: 13 },
    ]);
  });

  it("are refused together when no file can hold them", async () => {
    const spool = await openSpool();
    expect(await spool.appendAll(records(1, 11))).toMatchObject({ kind: "failed", reason: "too_large" });
    expect(await spool.appendAll(records(1, 10))).toEqual({ kind: "durable", sequence: 1 });
  });

  it("fail together on a full disk, and leave nothing behind", async () => {
    const files = new MemoryFiles();
    const spool = await openSpool({}, files);
    await spool.append(record(1));
    files.isFull = true;
    expect(await spool.appendAll(records(2, 5))).toMatchObject({ kind: "failed", reason: "io" });
    files.isFull = false;
    expect(await spool.appendAll(records(2, 5))).toEqual({ kind: "durable", sequence: 2 });
    expect(shortly(await scan({ files }))).toEqual([1, 2, 3, 4, 5].map((number) => `${number} ${number} right`));
  });
});

describe("a spool that keeps what was read", () => {
  it("removes nothing until it is discarded, and then also what was not read", async () => {
    const spool = await openSpool({ keep: "until_discarded", consumers: ["one", "two"] });
    for (const each of records(1, 35)) await spool.append(each);
    await spool.cursor("one").commit(35);
    await spool.cursor("two").commit(15);
    expect(spool.files).toMatchObject([{ first: 1 }, { first: 11 }, { first: 21 }, { first: 31 }]);
    await spool.discard(30);
    expect(spool.files).toMatchObject([{ first: 21 }, { first: 31 }]);
    expect(spool.snapshot().lost).toBe(5);
    const result = await spool.cursor("two").read({ recordsMax: 1, bytesMax: 1_000 });
    expect(result).toEqual({ kind: "read", items: [{ kind: "gap", from: 16, to: 20 }] });
    // What is being written stays.
    await spool.discard(1_000);
    expect(spool.files).toMatchObject([{ first: 31 }]);
  });

  it("loses nobody anything where nobody reads", async () => {
    const spool = await openSpool({ keep: "until_discarded", consumers: [] });
    for (const each of records(1, 25)) await spool.append(each);
    await spool.discard(21);
    expect(spool.snapshot()).toMatchObject({ lost: 0 });
    expect(spool.files).toMatchObject([{ first: 21 }]);
  });
});

describe("a scan", () => {
  beforeEach(async () => {
    const spool = await openSpool({ keep: "until_discarded" });
    for (const each of records(1, 25)) await spool.append(each);
    await spool.close();
  });
  const name = "0000000000000011.segment";
  const alter = (change: (bytes: Buffer) => Buffer): void =>
    writeFileSync(join(folder, name), change(readFileSync(join(folder, name))));
  const FRAME = HEADER_BYTES + 8;

  it("reads everything without a lock, from any file on, and goes on where another has ended", async () => {
    const all = await scan();
    expect(shortly(all)).toEqual(Array.from({ length: 25 }, (_each, index) => `${index + 1} ${index + 1} right`));
    expect(shortly(await scan({ from: 17 }))).toEqual(shortly(all).slice(10));
    expect(shortly(await scan({ from: Number.POSITIVE_INFINITY }))).toEqual(shortly(all).slice(20));
    for (const [index, frame] of all.entries()) {
      if (frame.kind !== "record") throw new Error("all are records");
      expect(shortly(await scan({ at: frame.next }))).toEqual(shortly(all).slice(index + 1));
    }
  });

  it("finds records that are not in their place", async () => {
    alter((bytes) => Buffer.concat([bytes.subarray(0, FRAME), bytes.subarray(2 * FRAME)]));
    expect(shortly(await scan()).slice(10, 13)).toEqual(["11 11 right", "12 13 wrong", "13 14 wrong"]);
  });

  it("finds what no reader would come to", async () => {
    alter((bytes) => Buffer.concat([bytes, bytes.subarray(0, FRAME)]));
    expect(shortly(await scan()).slice(19, 22)).toEqual(["20 20 right", "21 11 beyond", "21 21 right"]);
  });

  it("tells a damaged record from a damaged header and from a torn end, and goes on with the next file", async () => {
    const flip = (offset: number) => (bytes: Buffer) => {
      bytes.writeUInt8(bytes.readUInt8(offset) ^ 0xff, offset);
      return bytes;
    };
    alter(flip(2 * FRAME + HEADER_BYTES));
    expect(shortly(await scan()).slice(11, 14)).toEqual(["12 12 right", `13 unreadable ${FRAME}`, "14 14 right"]);
    for (const offset of [0, 1, 2, 3]) {
      alter(flip(5 * FRAME + offset));
      expect(shortly(await scan()).slice(15, 17)).toEqual([`16 unreadable ${5 * FRAME}`, "21 21 right"]);
      alter(flip(5 * FRAME + offset));
    }
    alter((bytes) => bytes.subarray(0, 9 * FRAME + 5));
    expect(shortly(await scan()).slice(18, 21)).toEqual(["19 19 right", "20 torn 5", "21 21 right"]);
  });

  it("knows what is written down beside the files, and whether it is damaged", async () => {
    expect(await spoolPositions(folder)).toEqual(
      new Map([
        ["end", 26],
        ["one.position", 1],
      ]),
    );
    writeFileSync(join(folder, "end"), "7 0\n");
    expect((await spoolPositions(folder)).get("end")).toBe("damaged");
    expect(readdirSync(folder)).toContain("end");
  });
});

describe("a consumer whose place is moved", () => {
  it("goes on there at the next start, back and forward", async () => {
    const options = { keep: "until_discarded" } as const;
    const spool = await openSpool(options);
    for (const each of records(1, 25)) await spool.append(each);
    await spool.cursor("one").commit(20);
    await expect(moveConsumer(folder, { consumer: "one", sequence: 3 })).rejects.toThrow("stop it first");
    await spool.close();
    for (const sequence of [3, 26, 1]) {
      await moveConsumer(folder, { consumer: "one", sequence });
      const again = await openSpool(options);
      expect(again.cursor("one").position).toBe(sequence);
      await again.close();
    }
  });

  it("is one that there is, and goes to a number that there was", async () => {
    await (await openSpool()).close();
    await expect(moveConsumer(folder, { consumer: "two", sequence: 1 })).rejects.toThrow("no consumer two");
    for (const sequence of [0, 1.5, 2, Number.NaN]) {
      await expect(moveConsumer(folder, { consumer: "one", sequence })).rejects.toThrow("none of the numbers 1 to 1");
    }
  });
});
