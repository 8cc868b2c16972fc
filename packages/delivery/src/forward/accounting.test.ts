import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registeredName } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { SendOutcome } from "../queue/send.ts";
import { FakeClock, seededRandom, settle } from "../testing/index.ts";
import { MemoryFiles } from "../testing/memory-files.ts";
import { SpooledQueue } from "./spooled-queue.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-spooled-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const RECORD_BYTES = 30;
const LIMITS = { segmentBytesMax: 600, bytesMax: 2_400 };

/** The bytes of a record, by which it is found wherever it is. */
const encode = (number: number): Buffer => Buffer.from(`<${String(number).padStart(RECORD_BYTES - 2, "0")}>`);
const numberOf = (payload: Uint8Array): number => Number.parseInt(Buffer.from(payload).toString().slice(1), 10);
const numbersIn = (bytes: Buffer): readonly number[] =>
  [...bytes.toString("latin1").matchAll(/<(\d{28})>/g)].map(([, digits]) => Number(digits));

/** Several lives of one spool, some of which end in a crash; throws where an invariant breaks. Returns what of interest happened. */
async function lives(seed: number): Promise<ReadonlySet<string>> {
  const random = seededRandom(seed);
  const integer = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1));
  const isDiskWell = random() < 0.5;
  const whenFull = random() < 0.5 ? "drop_oldest" : "refuse";
  const poison = new Set<number>();
  const happened = new Set<string>();
  const deliveredEver = new Set<number>();
  const doneEver = new Set<number>();
  let files = new MemoryFiles();
  let offered = 0;
  let droppedEver = 0;
  let goneWithMemory = 0;
  /** Losses of earlier lives that the next one counts once more, because its destination was not told of them. */
  let repeated = 0;
  let isOrderly = true;

  for (let life = integer(2, 4); life > 0; life--) {
    files.pace = () => (random() < 0.3 ? new Promise((turn) => setImmediate(turn)) : Promise.resolve());
    const isLast = life === 1;
    const clock = new FakeClock();
    const pending: (() => void)[] = [];
    const confirmed: number[] = [];
    const taken: number[] = [];
    let refusals = 0;
    let isWell = false;

    /** What was done with and is sent again counts twice. */
    const doneWith = (numbers: readonly number[]): void => {
      for (const number of numbers) {
        if (doneEver.has(number)) isOrderly = false;
        doneEver.add(number);
      }
    };
    const refuse = (numbers: readonly number[]): void => {
      doneWith(numbers);
      refusals += numbers.length;
    };
    const confirm = (numbers: readonly number[]): void => {
      doneWith(numbers);
      confirmed.push(...numbers);
    };
    const outcomeOf = (batch: readonly number[]): SendOutcome => {
      if (batch.some((number) => poison.has(number))) {
        if (batch.length === 1) refuse(batch);
        return { kind: "rejected", message: "poison" };
      }
      const choice = isWell ? 5 : integer(0, 6);
      if (choice === 0) return { kind: "retry", reason: "connection", retryAfterMs: integer(0, 50) };
      if (choice === 1) throw new Error("bug");
      if (choice === 2) {
        const retry = batch.flatMap((_number, place) => (random() < 0.3 ? [place] : []));
        const rest = batch.filter((_number, place) => !retry.includes(place));
        const rejected = integer(0, Math.min(1, rest.length));
        refuse(rest.slice(0, rejected));
        confirm(rest.slice(rejected));
        return { kind: "partial", rejected, retry, reason: "rejected" };
      }
      confirm(batch);
      return { kind: "delivered" };
    };
    const queue = new SpooledQueue<number>(
      {
        exporter: registeredName("test"),
        signal: "audit",
        spool: { folder, ...LIMITS, whenFull },
        encode,
        sizeOf: () => RECORD_BYTES,
        memory: { recordsMax: 20, bytesMax: 10_000 },
        send: (payloads, signal) =>
          new Promise((resolve, reject) => {
            const batch = payloads.map(numberOf);
            expect(batch.length).toBeGreaterThan(0);
            expect(batch.length).toBeLessThanOrEqual(7);
            expect(batch).toEqual(batch.toSorted((one, other) => one - other));
            pending.push(() => {
              if (signal.aborted) return resolve({ kind: "delivered" });
              try {
                resolve(outcomeOf(batch));
              } catch (error) {
                reject(error as Error);
              }
            });
          }),
        batch: { recordsMax: 7, bytesMax: 200, delayMs: 20 },
        attemptTimeoutMs: random() < 0.5 ? 40 : 400,
        retry: { baseMs: 10, maxMs: 100 },
        clock,
        random,
      },
      files,
    );
    await queue.open();
    const found = queue.accepted;
    repeated += queue.snapshot().dropped.queue_full ?? 0;
    if (found > 0) happened.add("found after a restart");

    let lastDropped = 0;
    const check = (): void => {
      const { delivered, dropped, queueSize, queueCapacity } = queue.snapshot();
      const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
      expect(delivered + lost + queueSize, `seed ${seed}`).toBe(queue.accepted);
      expect(queueSize).toBeGreaterThanOrEqual(0);
      expect(queueCapacity).toBeGreaterThanOrEqual(queueSize);
      expect(lost, "counters only grow").toBeGreaterThanOrEqual(lastDropped);
      expect(delivered, "what the destination has").toBeLessThanOrEqual(confirmed.length);
      expect(dropped.rejected).toBeLessThanOrEqual(refusals);
      expect(dropped.damaged ?? 0).toBe(0);
      lastDropped = lost;
    };
    const answer = (): void => pending.shift()?.();
    const steps: readonly (() => void | Promise<void>)[] = [
      () => {
        for (let count = integer(1, 12); count > 0; count--) {
          offered += 1;
          if (random() < 0.03) poison.add(offered);
          if (queue.offer(offered)) taken.push(offered);
          check();
        }
      },
      answer,
      answer,
      answer,
      () => clock.advance(integer(0, 60)),
      () => clock.advance(integer(0, 60)),
      settle,
      () => void queue.flush(integer(0, 30)),
      () => {
        files.isFull = !isDiskWell && random() < 0.2;
        if (files.isFull) happened.add("disk full");
        if (files.isFull) isOrderly = false;
      },
    ];
    for (let step = 0; step < 150; step++) {
      await steps[integer(0, steps.length - 1)]?.();
      check();
    }
    // Once, it has time: nothing that can be delivered may be left.
    files.isFull = false;
    isWell = isLast;
    for (let turn = 0; isLast && turn < 3_000 && queue.snapshot().queueSize > 0; turn++) {
      await clock.advance(50);
      answer();
      check();
    }
    const isCrash = !isLast && random() < 0.4;
    if (isCrash) {
      happened.add("crash");
      isOrderly = false;
      await settle();
      check();
      files = files.crash(random);
      const written = new Set(numbersIn(files.contents(".segment")));
      const safe = new Set([...confirmed, ...written]);
      // What the disk never had is gone with the process; the oldest of the disk may have been dropped, and counted, before.
      const oldest = Math.min(...written, Number.POSITIVE_INFINITY);
      goneWithMemory += taken.filter((number) => !safe.has(number) && number > oldest).length;
      rmSync(join(folder, "lock"));
    } else {
      const closed = queue.close(integer(0, 500));
      for (let turn = 0; turn < 40; turn++) {
        await clock.advance(20);
        answer();
      }
      await closed;
      // The lock is a real file, for which the clock of the test does not wait.
      await expect.poll(() => existsSync(join(folder, "lock")), { interval: 1 }).toBe(false);
      check();
      files.isFull = false;
    }
    const { delivered, dropped, queueSize, failures } = queue.snapshot();
    if (isLast) expect(queueSize, `seed ${seed}`).toBe(0);
    // An answer of the last moment may not have been counted any more.
    expect(confirmed.length - delivered).toBeLessThanOrEqual(7);
    if (confirmed.length !== delivered) isOrderly = false;
    for (const number of confirmed) deliveredEver.add(number);
    droppedEver += Object.values(dropped).reduce((sum, count) => sum + count, 0);
    for (const [name, count] of Object.entries({ ...dropped, ...failures })) if (count > 0) happened.add(name);
  }
  // Nothing vanishes: what never arrived was counted, or was in the memory of a process that was killed.
  expect(deliveredEver.size + droppedEver + goneWithMemory, `seed ${seed}`).toBeGreaterThanOrEqual(offered);
  if (isOrderly) {
    if (repeated === 0) happened.add("exact");
    expect(deliveredEver.size + droppedEver - repeated, `seed ${seed}`).toBeLessThanOrEqual(offered);
  }
  return happened;
}

it("whatever happens, each record is delivered, dropped for a reason or queued, also over crashes and full disks", async () => {
  const happened = new Set<string>();
  for (let seed = 1; seed <= 100; seed++) for (const each of await lives(seed)) happened.add(each);
  expect([...happened]).toEqual(
    expect.arrayContaining([
      "exact",
      "crash",
      "disk full",
      "found after a restart",
      "queue_full",
      "rejected",
      "shutdown",
      "connection",
      "timeout",
      "io",
    ]),
  );
});
