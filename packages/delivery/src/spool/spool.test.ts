import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../testing/index.ts";
import type { AppendResult } from "./append-result.ts";
import type { Cursor } from "./cursor.ts";
import { nodeFiles, type SpoolFiles } from "./files.ts";
import { HEADER_BYTES } from "./frame.ts";
import type { SpoolItem } from "./segment-reader.ts";
import { Spool, type SpoolOptions } from "./spool.ts";

let parent: string;
let folder: string;
const open: Spool[] = [];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "hangar-spool-"));
  folder = join(parent, "spool");
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((spool) => spool.close()));
  rmSync(parent, { recursive: true, force: true });
});

const ALL = { recordsMax: 1_000_000, bytesMax: 1_000_000_000 };
const SEGMENT = 10 * (HEADER_BYTES + 8);

async function openSpool(changes: Partial<SpoolOptions> = {}, files: SpoolFiles = nodeFiles): Promise<Spool> {
  const opening = await Spool.open(
    { folder, consumers: ["one"], segmentBytesMax: SEGMENT, bytesMax: 100 * SEGMENT, whenFull: "refuse", ...changes },
    files,
  );
  if (opening.kind === "failed") throw new Error(opening.message);
  open.push(opening.spool);
  return opening.spool;
}

/** Eight bytes that say which record it is. */
const record = (number: number): Buffer => Buffer.from(String(number).padStart(8, "0"));
const records = (from: number, to: number): readonly Buffer[] =>
  Array.from({ length: to - from + 1 }, (_each, index) => record(from + index));

function appendAll(spool: Spool, all: readonly Uint8Array[]): Promise<readonly AppendResult[]> {
  return Promise.all(all.map((each) => spool.append(each)));
}

async function items(cursor: Cursor, limits = ALL): Promise<readonly SpoolItem[]> {
  const result = await cursor.read(limits);
  if (result.kind === "failed") throw new Error(result.message);
  return result.items;
}

/** In short: the text of a record, or the range of a gap. */
async function contents(cursor: Cursor, limits = ALL): Promise<readonly (string | readonly [number, number])[]> {
  return (await items(cursor, limits)).map((item) =>
    item.kind === "record" ? String(Number(item.payload.toString())) : [item.from, item.to],
  );
}

const numbers = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_each, index) => String(from + index));
const segmentFiles = (): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".segment"))
    .sort();

describe("a record", () => {
  it("is numbered in the order of the calls and read back as it was", async () => {
    const spool = await openSpool();
    const results = await appendAll(spool, [record(1), Buffer.alloc(0), record(3)]);
    expect(results).toEqual([1, 2, 3].map((sequence) => ({ kind: "durable", sequence })));
    expect(await items(spool.cursor("one"))).toEqual([
      { kind: "record", sequence: 1, payload: record(1) },
      { kind: "record", sequence: 2, payload: Buffer.alloc(0) },
      { kind: "record", sequence: 3, payload: record(3) },
    ]);
  });

  it("larger than a segment is refused, and one as large as a segment is kept", async () => {
    const spool = await openSpool();
    const largest = Buffer.alloc(SEGMENT - HEADER_BYTES, "x");
    expect(await spool.append(largest)).toEqual({ kind: "durable", sequence: 1 });
    expect(await spool.append(Buffer.alloc(largest.length + 1))).toMatchObject({ kind: "failed", reason: "too_large" });
    expect(await items(spool.cursor("one"), { recordsMax: 5, bytesMax: 1 })).toHaveLength(1);
  });

  it("shares a sync with those that are appended meanwhile", async () => {
    let syncs = 0;
    const counting: SpoolFiles = {
      ...nodeFiles,
      create: async (path) => {
        const file = await nodeFiles.create(path);
        return {
          ...file,
          sync: () => {
            syncs += 1;
            return file.sync();
          },
        };
      },
    };
    const spool = await openSpool({ segmentBytesMax: 1_000_000, bytesMax: 10_000_000 }, counting);
    await appendAll(spool, records(1, 500));
    expect(syncs).toBe(1);
    const first = spool.append(record(501));
    const rest = appendAll(spool, records(502, 600));
    await Promise.all([first, rest]);
    expect(syncs).toBe(2);
  });

  it("is confirmed, and shown to consumers, no sooner than the disk has it", async () => {
    const gate = Promise.withResolvers<void>();
    const stalled: SpoolFiles = {
      ...nodeFiles,
      create: async (path) => ({ ...(await nodeFiles.create(path)), sync: () => gate.promise }),
    };
    const spool = await openSpool({}, stalled);
    let isConfirmed = false;
    const appended = spool.append(record(1)).then((result) => {
      isConfirmed = true;
      return result;
    });
    await expect
      .poll(() => segmentFiles().map((name) => statSync(join(folder, name)).size))
      .toEqual([HEADER_BYTES + 8]);
    expect(isConfirmed).toBe(false);
    expect(await contents(spool.cursor("one"))).toEqual([]);
    gate.resolve();
    expect(await appended).toEqual({ kind: "durable", sequence: 1 });
    expect(await contents(spool.cursor("one"))).toEqual(["1"]);
  });

  it("is refused as busy when the disk stalls for too long", async () => {
    const gate = Promise.withResolvers<void>();
    const stalled: SpoolFiles = {
      ...nodeFiles,
      create: async (path) => ({ ...(await nodeFiles.create(path)), sync: () => gate.promise }),
    };
    const spool = await openSpool({ segmentBytesMax: 10_000_000, bytesMax: 100_000_000 }, stalled);
    const appended = Array.from({ length: 20 }, () => spool.append(Buffer.alloc(1_000_000)));
    expect(await appended.at(-1)).toMatchObject({ kind: "failed", reason: "busy" });
    gate.resolve();
    expect(await appended[0]).toMatchObject({ kind: "durable" });
  });
});

describe("the folder", () => {
  it("and everything in it is for its owner only", async () => {
    const spool = await openSpool();
    await spool.append(record(1));
    await spool.cursor("one").commit(1);
    const names = readdirSync(folder);
    expect(names).toEqual(expect.arrayContaining(["lock", "one.position", "0000000000000001.segment"]));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
  });

  it("belongs to one spool at a time, and to the next one after it has closed", async () => {
    const spool = await openSpool();
    const other = await Spool.open({
      folder,
      consumers: [],
      segmentBytesMax: SEGMENT,
      bytesMax: 4 * SEGMENT,
      whenFull: "refuse",
    });
    expect(other).toMatchObject({
      kind: "failed",
      reason: "locked",
      message: expect.stringContaining(`${process.pid}`),
    });
    await spool.close();
    await openSpool();
  });

  it("that cannot be made is a failure that says why", async () => {
    writeFileSync(folder, "a file");
    const options = { folder, consumers: [], segmentBytesMax: 100, bytesMax: 400, whenFull: "refuse" } as const;
    expect(await Spool.open(options)).toMatchObject({
      kind: "failed",
      reason: "io",
      message: expect.stringContaining(folder),
    });
  });

  it.each([
    ["a consumer that could leave the folder", { consumers: ["../x"] }],
    ["segments of more than a quarter", { bytesMax: 4 * SEGMENT - 1 }],
  ])("is not opened with %s", async (_what, changes) => {
    await expect(openSpool(changes)).rejects.toThrow(RangeError);
  });
});

describe("a consumer", () => {
  it("reads the same again until it commits, also after the spool was closed", async () => {
    const spool = await openSpool();
    await appendAll(spool, records(1, 25));
    const cursor = spool.cursor("one");
    const seven = { recordsMax: 7, bytesMax: 1_000 };
    expect(await contents(cursor, seven)).toEqual(numbers(1, 7));
    expect(await contents(cursor, seven)).toEqual(numbers(1, 7));
    expect(await cursor.commit(4)).toEqual({ kind: "committed" });
    expect(await contents(cursor, seven)).toEqual(numbers(5, 11));
    await spool.close();
    expect(await contents((await openSpool()).cursor("one"))).toEqual(numbers(5, 25));
  });

  it("gets at most as many bytes as it asks for, and at least one record", async () => {
    const spool = await openSpool();
    await appendAll(spool, records(1, 5));
    expect(await contents(spool.cursor("one"), { recordsMax: 10, bytesMax: 23 })).toEqual(numbers(1, 2));
    expect(await contents(spool.cursor("one"), { recordsMax: 10, bytesMax: 1 })).toEqual(numbers(1, 1));
  });

  it("never goes back, and never beyond the end", async () => {
    const spool = await openSpool();
    await appendAll(spool, records(1, 5));
    const cursor = spool.cursor("one");
    await cursor.commit(4);
    await cursor.commit(2);
    expect(cursor.position).toBe(5);
    await cursor.commit(1_000);
    await spool.append(record(6));
    expect(await contents(cursor)).toEqual(["6"]);
  });

  it("has its own place, and a file is removed when all have passed it", async () => {
    const spool = await openSpool({ consumers: ["one", "two"] });
    await appendAll(spool, records(1, 35));
    expect(segmentFiles()).toHaveLength(4);
    await spool.cursor("one").commit(30);
    expect(segmentFiles()).toHaveLength(4);
    await spool.cursor("two").commit(20);
    expect(segmentFiles()).toHaveLength(2);
    expect(await contents(spool.cursor("two"))).toEqual(numbers(21, 35));
    expect(spool.snapshot()).toMatchObject({ waiting: { one: 5, two: 15 }, lost: 0 });
  });

  it("whose position is damaged begins with the oldest record that is kept", async () => {
    const spool = await openSpool();
    await appendAll(spool, records(1, 25));
    await spool.cursor("one").commit(15);
    await spool.close();
    const path = join(folder, "one.position");
    writeFileSync(path, readFileSync(path, "utf8").replace("16", "19"));
    const again = await openSpool();
    expect(again.recovery.damagedPositions).toEqual(["one"]);
    expect(await contents(again.cursor("one"))).toEqual(numbers(11, 25));
  });

  it("that cannot write its position goes on, and removes nothing", async () => {
    let isFull = true;
    const full: SpoolFiles = {
      ...nodeFiles,
      replaceText: (path, text) => (isFull ? Promise.reject(new Error("ENOSPC")) : nodeFiles.replaceText(path, text)),
    };
    const spool = await openSpool({}, full);
    await appendAll(spool, records(1, 25));
    const cursor = spool.cursor("one");
    expect(await cursor.commit(20)).toEqual({ kind: "failed", message: "ENOSPC" });
    expect(await contents(cursor)).toEqual(numbers(21, 25));
    expect(segmentFiles()).toHaveLength(3);
    isFull = false;
    expect(await cursor.commit(21)).toEqual({ kind: "committed" });
    expect(segmentFiles()).toHaveLength(1);
  });

  it("is told when there is something to read, and when the spool closes", async () => {
    const spool = await openSpool();
    const readable = spool.readable("one");
    let isTold = false;
    void readable.then(() => {
      isTold = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isTold).toBe(false);
    await spool.append(record(1));
    expect(await readable).toBe(true);
    await spool.cursor("one").commit(1);
    const never = spool.readable("one");
    await spool.close();
    expect(await never).toBe(false);
    expect(() => spool.cursor("two")).toThrow(RangeError);
  });
});

describe("a full spool", () => {
  it("refuses records until its consumers have read, and loses none", async () => {
    const spool = await openSpool({ bytesMax: 4 * SEGMENT });
    const results = await appendAll(spool, records(1, 50));
    expect(results.filter(({ kind }) => kind === "durable")).toHaveLength(40);
    expect(results.at(-1)).toMatchObject({ kind: "failed", reason: "full" });
    await spool.cursor("one").commit(10);
    expect(await spool.append(record(41))).toEqual({ kind: "durable", sequence: 41 });
    expect(await contents(spool.cursor("one"))).toEqual(numbers(11, 41));
    expect(spool.snapshot().bytes).toBeLessThanOrEqual(4 * SEGMENT);
  });

  it("drops its oldest records, counts those that were not read, and shows the gap, also after it was opened anew", async () => {
    const options = { bytesMax: 4 * SEGMENT, whenFull: "drop_oldest", consumers: ["one", "two"] } as const;
    const spool = await openSpool(options);
    await appendAll(spool, records(1, 20));
    await spool.cursor("one").commit(12);
    await spool.cursor("two").commit(5);
    const results = await appendAll(spool, records(21, 60));
    expect(results.every(({ kind }) => kind === "durable")).toBe(true);
    expect(spool.snapshot()).toMatchObject({ lost: 15, bytes: 4 * SEGMENT });
    expect(await contents(spool.cursor("one"))).toEqual([[13, 20], ...numbers(21, 60)]);
    await spool.close();
    const again = await openSpool(options);
    expect(await contents(again.cursor("two"))).toEqual([[6, 20], ...numbers(21, 60)]);
    await again.cursor("two").commit(20);
    expect(await contents(again.cursor("two"))).toEqual(numbers(21, 60));
  });
});

describe("a disk that fails", () => {
  type Fault = "create" | "append" | "half" | "sync" | "none";
  /** A file system whose next use of a segment fails as told. */
  function faulty(): { files: SpoolFiles; fail: (next: Fault) => void } {
    let fault: Fault = "none";
    const failure = (): Error => Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    const files: SpoolFiles = {
      ...nodeFiles,
      create: async (path) => {
        if (fault === "create") throw failure();
        const file = await nodeFiles.create(path);
        return {
          ...file,
          append: async (bytes) => {
            if (fault === "append") throw failure();
            if (fault !== "half") return file.append(bytes);
            await file.append(bytes.subarray(0, Math.ceil(bytes.length * 0.7)));
            throw failure();
          },
          sync: async () => {
            await file.sync();
            if (fault === "sync") throw failure();
          },
        };
      },
      truncate: (path, bytes) => (fault === "none" ? nodeFiles.truncate(path, bytes) : Promise.reject(failure())),
    };
    return {
      files,
      fail: (next) => {
        fault = next;
      },
    };
  }

  it.each(["create", "append", "half", "sync"] as const)(
    "at %s fails the records that were being appended, and the spool works again when the disk does",
    async (fault) => {
      for (const before of [0, 3, 10]) {
        const { files, fail } = faulty();
        folder = join(parent, `${fault}-${before}`);
        const spool = await openSpool({}, files);
        await appendAll(spool, records(1, before));
        if (fault === "create" && before === 3) continue;
        fail(fault);
        for (let round = 0; round < 2; round++) {
          const failed = await appendAll(spool, [record(900), record(901), record(902)]);
          expect(failed).toEqual(
            Array(3).fill({ kind: "failed", reason: "io", message: "ENOSPC: no space left on device" }),
          );
        }
        fail("none");
        const results = await appendAll(spool, records(before + 1, before + 5));
        expect(results.map((result) => (result.kind === "durable" ? result.sequence : 0))).toEqual(
          [1, 2, 3, 4, 5].map((number) => before + number),
        );
        expect(await contents(spool.cursor("one"))).toEqual(numbers(1, before + 5));
        await spool.close();
        expect(await contents((await openSpool()).cursor("one"))).toEqual(numbers(1, before + 5));
      }
    },
  );

  it("when it is read says so, and gives up nothing", async () => {
    let isBroken = false;
    const files: SpoolFiles = {
      ...nodeFiles,
      read: (path, offset, bytes) =>
        isBroken ? Promise.reject(new Error("EIO")) : nodeFiles.read(path, offset, bytes),
    };
    const spool = await openSpool({}, files);
    await appendAll(spool, records(1, 3));
    isBroken = true;
    expect(await spool.cursor("one").read(ALL)).toEqual({ kind: "failed", message: "EIO" });
    isBroken = false;
    expect(await contents(spool.cursor("one"))).toEqual(numbers(1, 3));
  });
});

describe("closing", () => {
  it("writes what was appended before, and refuses what comes after", async () => {
    const spool = await openSpool();
    const before = appendAll(spool, records(1, 30));
    const closed = spool.close();
    expect(await spool.append(record(31))).toMatchObject({ kind: "failed", reason: "closed" });
    await closed;
    expect((await before).every(({ kind }) => kind === "durable")).toBe(true);
    expect(await contents((await openSpool()).cursor("one"))).toEqual(numbers(1, 30));
  });
});

it("whatever producers and consumers do, each consumer reads every record in order, from where it committed", async () => {
  const random = seededRandom(11);
  let spool = await openSpool({ consumers: ["one", "two"] });
  let appended = 0;
  const seen = { one: 0, two: 0 };
  for (let step = 0; step < 300; step++) {
    const choice = random();
    const name = random() < 0.5 ? "one" : "two";
    if (choice < 0.4) {
      const count = Math.ceil(random() * 15);
      await appendAll(spool, records(appended + 1, appended + count));
      appended += count;
    } else if (choice < 0.95) {
      const limits = { recordsMax: Math.ceil(random() * 20), bytesMax: Math.ceil(random() * 200) };
      const found = await contents(spool.cursor(name), limits);
      expect(found).toEqual(numbers(seen[name] + 1, seen[name] + found.length));
      expect(found.length > 0).toBe(seen[name] < appended);
      const done = Math.ceil(random() * found.length);
      if (done === 0) continue;
      seen[name] += done;
      await spool.cursor(name).commit(seen[name]);
    } else {
      await spool.close();
      spool = await openSpool({ consumers: ["one", "two"] });
    }
  }
  expect(appended).toBeGreaterThan(500);
});
