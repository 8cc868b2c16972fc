import { registeredName } from "@mcp-hangar/telemetry";
import { expect, it } from "vitest";
import { FakeClock, seededRandom, settle } from "../testing/index.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { SendOutcome } from "./send.ts";
import { TalkativeOrigins } from "./talkative-origins.ts";

interface Entry {
  readonly number: number;
  readonly bytes: number;
  readonly origin: string | undefined;
}

const LIMITS = { recordsMax: 40, bytesMax: 600 };
const ORIGINS = [undefined, "one", "two", "three"];

/** One random life of a queue; throws where an invariant breaks. Returns what of interest has happened. */
async function live(seed: number): Promise<ReadonlySet<string>> {
  const random = seededRandom(seed);
  const integer = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1));
  const clock = new FakeClock();
  const pending: ((outcome: SendOutcome | Error) => void)[] = [];
  /** What the destination confirmed while the queue still listened; by number. */
  const confirmed: number[] = [];
  let isClosed = false;
  let inFlight = 0;
  let offered = 0;

  const outcomeFor = (batch: readonly Entry[]): SendOutcome | Error => {
    const confirm = (entries: readonly Entry[]): void => void confirmed.push(...entries.map(({ number }) => number));
    switch (integer(0, 5)) {
      case 0:
        return { kind: "rejected" };
      case 1:
        return { kind: "retry", reason: "connection", retryAfterMs: integer(0, 50) };
      case 2:
        return new Error("bug");
      case 3: {
        const retry = batch.flatMap((_entry, place) => (random() < 0.3 ? [place] : []));
        const rest = batch.filter((_entry, place) => !retry.includes(place));
        const rejected = integer(0, rest.length);
        confirm(rest.slice(rejected));
        return { kind: "partial", rejected, retry, reason: "io" };
      }
      default:
        confirm(batch);
        return { kind: "delivered" };
    }
  };
  const queue = new DeliveryQueue<Entry>({
    exporter: registeredName("test"),
    signal: "log",
    send: (batch, signal) =>
      new Promise((resolve, reject) => {
        inFlight += 1;
        expect(inFlight, "one batch at a time").toBe(1);
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(7);
        expect(batch.map(({ number }) => number)).toEqual(batch.map(({ number }) => number).toSorted((a, b) => a - b));
        signal.addEventListener("abort", () => {
          inFlight = 0;
        });
        pending.push(() => {
          if (signal.aborted) return resolve({ kind: "delivered" });
          inFlight -= 1;
          const outcome = outcomeFor(batch);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        });
      }),
    sizeOf: ({ bytes }) => bytes,
    limits: LIMITS,
    batch: { recordsMax: 7, bytesMax: 90, delayMs: 20 },
    attemptTimeoutMs: random() < 0.5 ? 40 : undefined,
    retry: {
      baseMs: 10,
      maxMs: 100,
      ...(random() < 0.5 && { attemptsMax: 3 }),
      ...(random() < 0.3 && { elapsedMaxMs: 150 }),
    },
    dividesRefused: random() < 0.5,
    ...(random() < 0.5 && { room: new TalkativeOrigins<Entry>(({ origin }) => origin) }),
    clock,
    random,
  });

  const check = (): void => {
    const { delivered, dropped, queueSize } = queue.snapshot();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    expect(queue.offered).toBe(offered);
    expect(delivered + lost + queueSize, `seed ${seed}`).toBe(offered);
    expect(queueSize).toBeLessThanOrEqual(LIMITS.recordsMax);
    expect(queue.queuedBytes).toBeLessThanOrEqual(LIMITS.bytesMax);
    expect(queueSize === 0).toBe(queue.queuedBytes === 0);
    for (const count of [delivered, queueSize, queue.queuedBytes, ...Object.values(dropped)]) {
      expect(count).toBeGreaterThanOrEqual(0);
    }
  };
  const steps: readonly (() => void | Promise<void>)[] = [
    () => {
      for (let count = integer(1, 12); count > 0; count--) {
        const origin = ORIGINS[integer(0, 3)];
        offered += 1;
        const isTaken = queue.offer({ number: offered, bytes: integer(1, random() < 0.05 ? 700 : 30), origin });
        expect(isTaken && isClosed).toBe(false);
        check();
      }
    },
    () => pending.shift()?.({ kind: "delivered" }),
    () => pending.shift()?.({ kind: "delivered" }),
    () => clock.advance(integer(0, 60)),
    settle,
    () => void queue.flush(integer(0, 30)),
    () => {
      if (random() > 0.1) return;
      isClosed = true;
      void queue.close(integer(0, 100));
    },
    () => {
      if (random() < 0.1) queue.handOver((entries) => confirmed.push(...entries.map(({ number }) => number)));
    },
  ];
  for (let step = 0; step < 120; step++) {
    await steps[integer(0, steps.length - 1)]?.();
    check();
  }
  const closed = queue.close(50);
  await clock.advance(1_000);
  await closed;
  for (const answer of pending.splice(0)) answer({ kind: "delivered" });
  await settle();
  check();
  const { delivered, dropped, queueSize, failures } = queue.snapshot();
  expect(queueSize).toBe(0);
  expect(clock.pendingTimers).toBe(0);
  // The queue may count as dropped what was confirmed just when it closed, and nothing as delivered that was not confirmed.
  expect(new Set(confirmed).size).toBe(confirmed.length);
  expect(delivered).toBeLessThanOrEqual(confirmed.length);
  expect(confirmed.length - delivered).toBeLessThanOrEqual(7);
  const happened = { delivered, ...dropped, ...failures };
  return new Set(Object.entries(happened).flatMap(([name, count]) => (count > 0 ? [name] : [])));
}

it("whatever happens, each record is delivered, dropped for a reason, or queued, and at the end none is queued", async () => {
  const happened = new Set<string>();
  for (let seed = 1; seed <= 100; seed++) for (const each of await live(seed)) happened.add(each);
  const all = ["delivered", "queue_full", "rejected", "retries_exhausted", "shutdown", "connection", "timeout", "io"];
  expect([...happened]).toEqual(expect.arrayContaining(all));
});
