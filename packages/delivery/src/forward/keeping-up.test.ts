import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registeredName } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { SpoolFiles } from "../spool/files.ts";
import { Spool } from "../spool/spool.ts";
import { FakeClock, seededRandom, settle } from "../testing/index.ts";
import { MemoryFiles } from "../testing/memory-files.ts";
import { SpoolForwarder } from "./spool-forwarder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-keeping-up-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CONSUMERS = ["one", "two"] as const;
const RECORD_BYTES = 20;
const TAIL_BYTES_MAX = 200;
const POSITION_EVERY_MS = 1_000;
/** Records that a batch holds at most, by which a consumer that waits falls behind what is in memory. */
const BATCH_MAX = 7;

const recordOf = (number: number): Buffer => Buffer.from(String(number).padStart(RECORD_BYTES, "0"));
const numberOf = (payload: Buffer): number => Number(payload.toString());

/** What one consumer has had, over all lives of the spool. */
interface Received {
  /** The number after the last that it has had without a gap. */
  next: number;
  again: number;
  isWell: boolean;
}

async function opened(files: SpoolFiles): Promise<Spool> {
  const opening = await Spool.open(
    {
      folder,
      consumers: CONSUMERS,
      segmentBytesMax: 800,
      bytesMax: 1e6,
      whenFull: "refuse",
      keep: "until_discarded",
      tailBytesMax: TAIL_BYTES_MAX,
    },
    files,
  );
  if (opening.kind === "failed") throw new Error(opening.message);
  return opening.spool;
}

function forward(
  spool: Spool,
  consumer: string,
  received: Received,
  { clock, random, isKilled = () => false }: Surroundings,
): SpoolForwarder {
  let isFirst = true;
  return new SpoolForwarder({
    exporter: registeredName("test"),
    signal: "audit",
    spool,
    consumer,
    send: async (payloads) => {
      // A process that was killed sends no more.
      if (isKilled()) return new Promise(() => {});
      if (!received.isWell) return { kind: "retry", reason: "connection" };
      for (const number of payloads.map(numberOf)) {
        // A new life may begin before the end of the one before it, and never behind it.
        const isAgain = isFirst && number < received.next;
        if (isAgain) received.again += 1;
        else expect(number).toBe(received.next);
        if (isAgain) received.next = number;
        isFirst = false;
        received.next += 1;
      }
      return { kind: "delivered" };
    },
    batch: { recordsMax: BATCH_MAX, bytesMax: 1_000, delayMs: 20 },
    attemptTimeoutMs: 10_000,
    retry: { baseMs: 10, maxMs: 100 },
    positionEveryMs: POSITION_EVERY_MS,
    clock,
    random,
  });
}

interface Surroundings {
  readonly clock: FakeClock;
  readonly random: () => number;
  readonly isKilled?: () => boolean;
}

/** Several lives of a spool with two consumers, each of which falls behind, is away, and comes back; returns what of interest happened. */
async function lives(seed: number): Promise<ReadonlySet<string>> {
  const happened = new Set<string>();
  const random = seededRandom(seed);
  const integer = (max: number): number => Math.floor(random() * (max + 1));
  const received = new Map(CONSUMERS.map((name) => [name, { next: 1, again: 0, isWell: true }]));
  let files = new MemoryFiles();
  let appended = 0;
  for (let life = 4; life > 0; life--) {
    const clock = new FakeClock();
    let reads = 0;
    files.afterRead = () => {
      reads += 1;
      return Promise.resolve();
    };
    const spool = await opened(files);
    reads = 0;
    let isOver = false;
    const surroundings = { clock, random, isKilled: () => isOver };
    const forwarders = [...received].map(([name, own]) => forward(spool, name, own, surroundings));
    // Both are well all the time, and little comes at once.
    const isCalm = random() < 0.4;
    if (isCalm) for (const own of received.values()) own.isWell = true;
    let isBehind = [...received.values()].some(({ next }) => next <= appended);
    for (let step = 0; step < 60; step++) {
      const records = Array.from({ length: integer(isCalm ? 2 : 6) }, () => recordOf(++appended));
      if (records.length > 0) expect((await spool.appendAll(records)).kind).toBe("durable");
      for (const own of received.values()) {
        if (!isCalm && random() < 0.1) own.isWell = !own.isWell;
        if (!own.isWell) isBehind = true;
      }
      await clock.advance(integer(60));
      expect(spool.snapshot().tailBytes).toBeLessThanOrEqual(TAIL_BYTES_MAX);
      for (const forwarder of forwarders) {
        const { delivered, dropped, queueSize } = forwarder.snapshot();
        expect(Object.values(dropped).every((count) => count === 0)).toBe(true);
        expect(delivered + queueSize).toBe(forwarder.accepted);
      }
    }
    if (!isBehind && reads === 0) happened.add("kept up without the disk");
    if (reads > 0) happened.add("read what was not in memory");
    if (life === 1) {
      for (const own of received.values()) own.isWell = true;
      const isBusy = (): boolean => forwarders.some((forwarder) => forwarder.snapshot().queueSize > 0);
      for (let turn = 0; turn < 3_000 && isBusy(); turn++) await clock.advance(50);
    }
    if (life > 1 && random() < 0.5) {
      happened.add("crash");
      isOver = true;
      files = files.crash(random);
      rmSync(join(folder, "lock"));
      continue;
    }
    const closed = Promise.all(forwarders.map((forwarder) => forwarder.close(60_000)));
    await clock.advance(60_000);
    await closed;
    await Promise.all(forwarders.map(({ ended }) => ended));
    expect(clock.pendingTimers).toBe(0);
    await spool.close();
    await settle();
  }
  for (const { next, again } of received.values()) {
    expect(next, `seed ${seed}`).toBe(appended + 1);
    if (again > 0) happened.add("sent again");
  }
  return happened;
}

it("whoever keeps up, falls behind, is away or restarts gets each record at least once and in order, out of little memory", async () => {
  const happened = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) for (const each of await lives(seed)) happened.add(each);
  expect([...happened].toSorted()).toEqual([
    "crash",
    "kept up without the disk",
    "read what was not in memory",
    "sent again",
  ]);
});

it("writes where a consumer is once in a while, at once for those who wait, and at the end", async () => {
  const clock = new FakeClock();
  const files = new MemoryFiles();
  const spool = await opened(files);
  const received: Received = { next: 1, again: 0, isWell: true };
  const forwarder = forward(spool, "one", received, { clock, random: () => 0.5 });
  const cursor = spool.cursor("one");
  const deliver = async (number: number): Promise<void> => {
    await spool.append(recordOf(number));
    await clock.advance(20);
    await settle();
    expect(received.next).toBe(number + 1);
  };
  await deliver(1);
  expect(cursor.durablePosition).toBe(2);
  await deliver(2);
  await deliver(3);
  expect([cursor.position, cursor.durablePosition]).toEqual([4, 2]);
  await clock.advance(POSITION_EVERY_MS);
  expect(cursor.durablePosition).toBe(4);
  await deliver(4);
  await spool.append(recordOf(5));
  const flushed = forwarder.flush(1_000);
  await settle();
  expect(await flushed).toBe(true);
  expect(cursor.durablePosition).toBe(6);
  await deliver(6);
  expect(cursor.durablePosition).toBe(6);
  const closed = forwarder.close(0);
  await clock.advance(0);
  await closed;
  await forwarder.ended;
  expect(cursor.durablePosition).toBe(7);
  await spool.close();
});

it.each([
  ["from the first record that waits", false, [[20], [20], [20]]],
  ["from the batch before", true, [[0], [20], [0]]],
] as const)("counts the delay %s", async (_from, delaysFromLast, delays) => {
  const clock = new FakeClock();
  const spool = await opened(new MemoryFiles());
  const batches: number[] = [];
  const forwarder = new SpoolForwarder({
    exporter: registeredName("test"),
    signal: "audit",
    spool,
    consumer: "one",
    send: (payloads) => {
      batches.push(payloads.length);
      return Promise.resolve({ kind: "delivered" });
    },
    batch: { recordsMax: BATCH_MAX, bytesMax: 1_000, delayMs: 20 },
    delaysFromLast,
    attemptTimeoutMs: 10_000,
    retry: { baseMs: 10, maxMs: 100 },
    positionEveryMs: POSITION_EVERY_MS,
    clock,
    random: () => 0.5,
  });
  const [[first], [second], [third]] = delays;
  /** Appends records, and says after how many milliseconds they were sent together. */
  const sentAfter = async (count: number): Promise<number> => {
    const before = batches.length;
    await spool.appendAll(Array.from({ length: count }, (_each, place) => recordOf(place)));
    await settle();
    let waitedMs = 0;
    for (await clock.advance(0); batches.length === before && waitedMs < 100; waitedMs += 1) await clock.advance(1);
    expect(batches.slice(before)).toEqual([count]);
    return waitedMs;
  };
  expect(await sentAfter(1)).toBe(first);
  expect(await sentAfter(3)).toBe(second);
  await clock.advance(60);
  expect(await sentAfter(2)).toBe(third);
  // What fills a batch waits for nothing.
  expect(await sentAfter(BATCH_MAX)).toBe(0);
  const closed = forwarder.close(0);
  await clock.advance(0);
  await closed;
  await forwarder.ended;
  await spool.close();
});
