import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registeredName } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SendOutcome } from "../queue/send.ts";
import { FakeClock, settle } from "../testing/index.ts";
import { MemoryFiles } from "../testing/memory-files.ts";
import { SpooledQueue, type SpooledQueueOptions } from "./spooled-queue.ts";

let folder: string;
let clock: FakeClock;
let files: MemoryFiles;
let sent: string[][];
let answer: (batch: readonly string[]) => SendOutcome | Promise<SendOutcome>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-spooled-"));
  clock = new FakeClock();
  files = new MemoryFiles();
  sent = [];
  answer = () => ({ kind: "delivered" });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const DELIVERED: SendOutcome = { kind: "delivered" };
const AWAY: SendOutcome = { kind: "retry", reason: "connection", message: "connection refused" };

function options(): SpooledQueueOptions<string> {
  return {
    exporter: registeredName("test"),
    signal: "audit",
    spool: { folder, segmentBytesMax: 100, bytesMax: 400, whenFull: "drop_oldest" },
    encode: (entry) => Buffer.from(entry),
    sizeOf: (entry) => entry.length,
    memory: { recordsMax: 10, bytesMax: 10_000 },
    send: async (payloads) => {
      const batch = payloads.map(String);
      sent.push(batch);
      return answer(batch);
    },
    batch: { recordsMax: 8, bytesMax: 1_000, delayMs: 50 },
    attemptTimeoutMs: 1_000,
    retry: { baseMs: 100, maxMs: 1_000 },
    clock,
    random: () => 1,
  };
}

async function openQueue(changes: Partial<SpooledQueueOptions<string>> = {}): Promise<SpooledQueue<string>> {
  const queue = new SpooledQueue<string>({ ...options(), ...changes }, files);
  await queue.open();
  return queue;
}

async function closeQueue(queue: SpooledQueue<string>, deadlineMs = 0): Promise<void> {
  const closed = queue.close(deadlineMs);
  await clock.advance(deadlineMs);
  await clock.advance(1_000);
  await closed;
  await expect.poll(() => existsSync(join(folder, "lock")), { interval: 1 }).toBe(false);
}

/** Offers records and waits until they are on the disk. */
async function write(queue: SpooledQueue<string>, ...entries: readonly string[]): Promise<void> {
  for (const entry of entries) queue.offer(entry);
  await clock.advance(20);
}

describe("a queue with a spool", () => {
  it("sends what it is offered in batches, and then nothing is queued", async () => {
    const queue = await openQueue();
    await write(queue, "a", "b", "c");
    expect(sent).toEqual([]);
    await clock.advance(50);
    expect(sent).toEqual([["a", "b", "c"]]);
    expect(queue.snapshot()).toMatchObject({ delivered: 3, queueSize: 0, dropped: { queue_full: 0, rejected: 0 } });
    await closeQueue(queue);
  });

  it("keeps records while the destination is away, sends them again after growing pauses, and then all", async () => {
    answer = () => AWAY;
    const queue = await openQueue();
    await write(queue, "a", "b");
    await clock.advance(50);
    expect(queue.problem).toBe("connection refused");
    await clock.advance(99);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    expect(sent).toHaveLength(2);
    await clock.advance(199);
    expect(sent).toHaveLength(2);
    answer = () => DELIVERED;
    await clock.advance(1);
    expect(sent).toEqual([
      ["a", "b"],
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(queue.snapshot()).toMatchObject({ delivered: 2, queueSize: 0, failures: { connection: 2 } });
    expect(queue.problem).toBeUndefined();
    await closeQueue(queue);
  });

  it("leaves the destination alone for as long as it asks", async () => {
    answer = () => ({ kind: "retry", reason: "rejected", retryAfterMs: 30_000 });
    const queue = await openQueue();
    await write(queue, "a");
    await clock.advance(50);
    await clock.advance(30_099);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    expect(sent).toHaveLength(2);
    await closeQueue(queue);
  });

  it("divides a batch that is refused until what is refused stands alone, and delivers the others in their order", async () => {
    answer = (batch) => (batch.includes("poison") ? { kind: "rejected", message: "no" } : DELIVERED);
    const queue = await openQueue();
    await write(queue, "a", "b", "poison", "c", "d");
    await clock.advance(50);
    await settle();
    expect(sent).toEqual([["a", "b", "poison", "c", "d"], ["a", "b", "poison"], ["a", "b"], ["poison"], ["c", "d"]]);
    expect(queue.snapshot()).toMatchObject({ delivered: 4, dropped: { rejected: 1 }, queueSize: 0 });
    await closeQueue(queue);
  });

  it("sends after a restart what was not accepted before, and nothing that was", async () => {
    const queue = await openQueue({ batch: { recordsMax: 2, bytesMax: 1_000, delayMs: 50 } });
    answer = (batch) => (batch.includes("c") ? AWAY : DELIVERED);
    await write(queue, "a", "b", "c", "d");
    await clock.advance(200);
    await closeQueue(queue);
    expect(queue.snapshot()).toMatchObject({ delivered: 2, queueSize: 2 });

    sent = [];
    answer = () => DELIVERED;
    const next = await openQueue();
    expect(next.accepted).toBe(2);
    expect(await flushed(next)).toBe(true);
    expect(sent).toEqual([["c", "d"]]);
    expect(next.snapshot()).toMatchObject({ delivered: 2, queueSize: 0 });
    await closeQueue(next);
  });

  it("drops the oldest records of a full spool, and counts them at once", async () => {
    answer = () => AWAY;
    const queue = await openQueue({ batch: { recordsMax: 1, bytesMax: 1_000, delayMs: 50 } });
    for (let number = 1; number <= 40; number++) await write(queue, `record ${String(number).padStart(3, "0")}`);
    const { dropped, queueSize } = queue.snapshot();
    const lost = dropped.queue_full ?? 0;
    expect(lost).toBeGreaterThan(10);
    // The first is being sent, and is not lost although the spool does not have it any more.
    expect(lost + queueSize).toBe(40);
    answer = () => DELIVERED;
    expect(await flushed(queue)).toBe(true);
    expect(queue.snapshot()).toMatchObject({ delivered: 40 - lost, dropped: { queue_full: lost }, queueSize: 0 });
    expect(sent.at(-1)).toEqual(["record 040"]);
    await closeQueue(queue);
  });

  it("counts a record once that is dropped while it is being read", async () => {
    const queue = await openQueue();
    for (let number = 1; number <= 8; number++) await write(queue, `record ${String(number).padStart(3, "0")}`);
    const gate = Promise.withResolvers<void>();
    files.afterRead = () => gate.promise;
    await clock.advance(50);
    for (let number = 9; number <= 40; number++) await write(queue, `record ${String(number).padStart(3, "0")}`);
    const lost = queue.snapshot().dropped.queue_full ?? 0;
    expect(lost).toBeGreaterThan(8);
    gate.resolve();
    expect(await flushed(queue)).toBe(true);
    expect(queue.snapshot()).toMatchObject({
      delivered: 40 - lost,
      dropped: { queue_full: lost, damaged: 0 },
      queueSize: 0,
    });
    expect(sent.flat()).toHaveLength(40 - lost);
    await closeQueue(queue);
  });

  it("counts a record once while others of the same write are not on the disk yet", async () => {
    const queue = await openQueue();
    let operations = 0;
    files.pace = () => (++operations > 4 ? new Promise(() => {}) : Promise.resolve());
    for (let number = 1; number <= 9; number++) queue.offer(`record ${number}`);
    await clock.advance(20);
    expect(files.contents(".segment").toString("latin1")).toContain("record 1");
    expect(queue.snapshot()).toMatchObject({ delivered: 0, queueSize: 9 });
    expect(queue.accepted).toBe(9);
  });

  it("that may drop nothing keeps new records in memory when the spool is full, and drops those beyond", async () => {
    answer = () => AWAY;
    const queue = await openQueue({ spool: { folder, segmentBytesMax: 100, bytesMax: 400, whenFull: "refuse" } });
    for (let number = 1; number <= 40; number++) await write(queue, `record ${String(number).padStart(3, "0")}`);
    const { dropped, queueSize } = queue.snapshot();
    const lost = dropped.queue_full ?? 0;
    expect(lost).toBeGreaterThan(5);
    expect(lost + queueSize).toBe(40);
    answer = () => DELIVERED;
    await clock.advance(5_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 40 - lost, queueSize: 0 });
    expect(sent.flat().at(-1)).toBe(`record ${String(40 - lost).padStart(3, "0")}`);
    await closeQueue(queue);
  });

  it("holds records in memory while the disk is full, and loses none once it is not", async () => {
    const queue = await openQueue();
    files.isFull = true;
    await write(queue, "a", "b");
    expect(queue.problem).toBe("no space left on device");
    expect(queue.snapshot()).toMatchObject({ delivered: 0, queueSize: 2 });
    for (let number = 0; number < 10; number++) queue.offer("more");
    expect(queue.snapshot()).toMatchObject({ queueSize: 10, dropped: { queue_full: 2 } });
    files.isFull = false;
    await clock.advance(5_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 10, queueSize: 0 });
    await closeQueue(queue);
  });

  it("makes room on a full disk by itself, once the destination takes what is on it", async () => {
    answer = () => AWAY;
    const queue = await openQueue();
    for (let number = 1; number <= 12; number++) await write(queue, `record ${String(number).padStart(3, "0")}`);
    expect(files.names(".segment").length).toBeGreaterThan(2);
    files.isFull = true;
    answer = () => DELIVERED;
    await clock.advance(5_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 12, queueSize: 0 });
    expect(files.names(".segment")).toHaveLength(1);
    expect(queue.problem).toBeUndefined();
    files.isFull = false;
    await closeQueue(queue);
  });

  it("delivers what is on a disk that became read-only, holds the rest in memory, and goes on when it may write again", async () => {
    answer = () => AWAY;
    const queue = await openQueue();
    const isExact = (): void => {
      const { delivered, dropped, queueSize } = queue.snapshot();
      const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
      expect(delivered + lost + queueSize).toBe(queue.accepted);
    };
    for (let number = 1; number <= 6; number++) await write(queue, `on the disk ${number}`);
    files.isReadOnly = true;
    answer = () => DELIVERED;
    for (let number = 1; number <= 14; number++) await write(queue, `in memory ${number}`);
    await clock.advance(5_000);
    expect(queue.problem).toBe("read-only file system");
    expect(queue.snapshot()).toMatchObject({ delivered: 6, queueSize: 10, dropped: { queue_full: 4 } });
    isExact();
    files.isReadOnly = false;
    await clock.advance(5_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 16, queueSize: 0 });
    expect(queue.problem).toBeUndefined();
    isExact();
    await closeQueue(queue);
  });

  it("drops a record that cannot be encoded or is larger than a file, and no other", async () => {
    const queue = await openQueue({
      encode: (entry) => {
        if (entry === "odd") throw new Error("odd");
        return Buffer.from(entry);
      },
    });
    await write(queue, "a", "odd", "x".repeat(101), "b");
    await clock.advance(50);
    expect(sent).toEqual([["a", "b"]]);
    expect(queue.snapshot()).toMatchObject({ delivered: 2, dropped: { rejected: 2 }, failures: { encoding: 1 } });
    await closeQueue(queue);
  });

  it("counts records that were damaged on the disk, and sends the others", async () => {
    const queue = await openQueue({ batch: { recordsMax: 8, bytesMax: 1_000, delayMs: 500 } });
    await write(queue, "aaaa", "bbbb", "cccc");
    // The payload of the second one.
    files.damage(folder, "0000000000000001.segment", 16 + 12 + 1);
    await clock.advance(500);
    expect(sent).toEqual([["aaaa", "cccc"]]);
    expect(queue.snapshot()).toMatchObject({ delivered: 2, dropped: { damaged: 1 }, queueSize: 0 });
    await closeQueue(queue);
  });

  it("closes by its deadline though the destination hangs, and what was being sent is still in the spool", async () => {
    answer = () => new Promise(() => {});
    const queue = await openQueue({ attemptTimeoutMs: 60_000 });
    await write(queue, "a");
    await clock.advance(50);
    let isClosed = false;
    void queue.close(500).then(() => {
      isClosed = true;
    });
    await clock.advance(499);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await expect.poll(() => isClosed, { interval: 1 }).toBe(true);
    expect(queue.snapshot()).toMatchObject({ delivered: 0, queueSize: 1, dropped: { shutdown: 0 } });
    expect(queue.offer("late")).toBe(false);
    expect(queue.snapshot()).toMatchObject({ dropped: { shutdown: 1 } });
  });

  it("closes soon after its deadline though the disk hangs", async () => {
    const queue = await openQueue();
    files.crash(() => 0);
    queue.offer("a");
    let isClosed = false;
    void queue.close(500).then(() => {
      isClosed = true;
    });
    await clock.advance(500);
    await clock.advance(100);
    expect(isClosed).toBe(true);
    expect(queue.snapshot()).toMatchObject({ delivered: 0, dropped: { shutdown: 1 } });
  });

  it("takes records before it is open, and refuses to open a folder of another process", async () => {
    const queue = await openQueue();
    const other = new SpooledQueue<string>(options(), files);
    other.offer("early");
    await expect(other.open()).rejects.toThrow(/belongs to process \d+; give each process a folder of its own/);
    await closeQueue(queue);
    await other.open();
    await clock.advance(1_000);
    expect(other.snapshot()).toMatchObject({ delivered: 1, queueSize: 0 });
    await closeQueue(other);
  });
});

async function flushed(queue: SpooledQueue<string>): Promise<boolean> {
  const flush = queue.flush(60_000);
  for (let turn = 0; turn < 10; turn++) await settle();
  await clock.advance(1_000);
  return flush;
}
