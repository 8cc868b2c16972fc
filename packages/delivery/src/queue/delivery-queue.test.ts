import { registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { FakeClock, settle } from "../testing/index.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { DeliveryQueueOptions } from "./options.ts";
import type { SendOutcome } from "./send.ts";
import { TalkativeOrigins } from "./talkative-origins.ts";

const DELIVERED: SendOutcome = { kind: "delivered" };
const DOWN: SendOutcome = { kind: "retry", reason: "connection", message: "connection refused" };

/** A destination that answers as told, or when told. */
class Destination {
  readonly batches: (readonly string[])[] = [];
  readonly signals: AbortSignal[] = [];
  readonly outcomes: (SendOutcome | Error | Promise<SendOutcome>)[] = [];

  readonly send = async (batch: readonly string[], signal: AbortSignal): Promise<SendOutcome> => {
    this.batches.push(batch);
    this.signals.push(signal);
    const outcome = await (this.outcomes.shift() ?? DELIVERED);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };

  /** The next attempt ends when the returned function is called. */
  stall(): (outcome: SendOutcome) => void {
    const gate = Promise.withResolvers<SendOutcome>();
    this.outcomes.push(gate.promise);
    return gate.resolve;
  }
}

function make(changes: Partial<DeliveryQueueOptions<string>> = {}) {
  const clock = new FakeClock();
  const destination = new Destination();
  const queue = new DeliveryQueue<string>({
    exporter: registeredName("test"),
    signal: "log",
    send: destination.send,
    sizeOf: ({ length }) => length,
    limits: { recordsMax: 10, bytesMax: 100 },
    batch: { recordsMax: 4, bytesMax: 50, delayMs: 1_000 },
    attemptTimeoutMs: 5_000,
    retry: { baseMs: 1_000, maxMs: 60_000 },
    clock,
    random: () => 1,
    ...changes,
  });
  const offer = (...entries: readonly string[]): readonly boolean[] => entries.map((entry) => queue.offer(entry));
  return { clock, destination, queue, offer };
}

describe("a batch", () => {
  it("leaves when its first record has waited long enough, and nothing on the caller's time", async () => {
    const { clock, destination, offer } = make();
    expect(offer("a", "b")).toEqual([true, true]);
    await clock.advance(999);
    expect(destination.batches).toEqual([]);
    await clock.advance(1);
    expect(destination.batches).toEqual([["a", "b"]]);
  });

  it.each([
    ["records", ["a", "b", "c", "d"]],
    ["bytes", ["a".repeat(25), "b".repeat(25)]],
  ])("leaves at once when it is full of %s, though never on the caller's time", async (_what, entries) => {
    const { destination, offer } = make();
    offer(...entries);
    await Promise.resolve();
    expect(destination.batches).toEqual([]);
    await settle();
    expect(destination.batches).toEqual([entries]);
  });

  it("holds no more than it may, save a record that is larger by itself", async () => {
    const { clock, destination, offer } = make();
    const [large, medium] = ["l".repeat(51), "m".repeat(30)];
    offer("a", large, medium, medium.toUpperCase().slice(0, 18));
    await clock.advance(1_000);
    await clock.advance(1_000);
    expect(destination.batches).toEqual([["a"], [large], [medium, medium.toUpperCase().slice(0, 18)]]);
  });

  it("lets the event loop turn between one and the next", async () => {
    const { destination, offer } = make();
    offer("1", "2", "3", "4", "5", "6", "7", "8");
    await new Promise((resolve) => setImmediate(resolve));
    expect(destination.batches).toHaveLength(1);
    await settle();
    expect(destination.batches).toHaveLength(2);
  });
});

describe("a batch that is refused", () => {
  const REFUSED: SendOutcome = { kind: "rejected", message: "cannot be read" };

  it.each(["1", "2", "3", "4"])("is divided where the queue is told to, and only record %s is dropped", async (bad) => {
    const batches: (readonly string[])[] = [];
    const send = async (batch: readonly string[]): Promise<SendOutcome> => {
      batches.push(batch);
      return batch.includes(bad) ? REFUSED : DELIVERED;
    };
    const { queue, offer } = make({ dividesRefused: true, send });
    offer("1", "2", "3", "4", "5");
    expect(await queue.flush(1_000)).toBe(true);
    expect(queue.snapshot()).toMatchObject({ delivered: 4, dropped: { rejected: 1 }, queueSize: 0 });
    const delivered = batches.filter((batch) => !batch.includes(bad)).flat();
    expect(delivered).toEqual(["1", "2", "3", "4", "5"].filter((each) => each !== bad));
  });

  it("is dropped as a whole else", async () => {
    const { queue, destination, offer } = make();
    destination.outcomes.push(REFUSED);
    offer("1", "2", "3", "4");
    await queue.flush(1_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 0, dropped: { rejected: 4 }, queueSize: 0 });
  });

  it("as too large is divided until its parts are taken or stand alone, though other refusals are not", async () => {
    const sent: string[] = [];
    const send = async (batch: readonly string[]): Promise<SendOutcome> => {
      sent.push(batch.join(""));
      const bytes = batch.reduce((sum, each) => sum + sizeOf(each), 0);
      return bytes > 150_000 ? { kind: "rejected", isTooLarge: true } : DELIVERED;
    };
    const sizeOf = (entry: string): number => (entry === "d" ? 200_000 : 60_000);
    const limits = { recordsMax: 10, bytesMax: 1_000_000 };
    const { queue, offer } = make({ send, sizeOf, limits, batch: { ...limits, delayMs: 1_000 } });
    offer("a", "b", "c", "d", "e");
    expect(await queue.flush(1_000)).toBe(true);
    expect(sent).toEqual(["abcde", "abc", "ab", "c", "de", "d", "e"]);
    expect(queue.snapshot()).toMatchObject({ delivered: 4, dropped: { rejected: 1 }, queueSize: 0 });
  });

  it("as too large though it is small is dropped as a whole: such a receiver takes nothing", async () => {
    const limits = { recordsMax: 2_048, bytesMax: 1_000_000 };
    let attempts = 0;
    const send = async (): Promise<SendOutcome> => {
      attempts += 1;
      return { kind: "rejected", isTooLarge: true };
    };
    const { queue, offer } = make({ send, sizeOf: () => 400, limits, batch: { ...limits, delayMs: 1_000 } });
    offer(...Array.from({ length: 2_048 }, (_, index) => `${index}`));
    await queue.flush(60_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 0, dropped: { rejected: 2_048 }, queueSize: 0 });
    // 819 200 bytes in halves, down to 51 200.
    expect(attempts).toBe(31);
  });

  it("leaves nothing behind when the queue is closed before its parts are sent", async () => {
    const { queue, destination, clock, offer } = make({ dividesRefused: true });
    destination.outcomes.push(REFUSED, DOWN);
    offer("1", "2", "3", "4");
    const closed = queue.close(100);
    await clock.advance(100);
    await closed;
    expect(queue.snapshot()).toMatchObject({ delivered: 0, dropped: { shutdown: 4 }, queueSize: 0 });
  });
});

describe("the outcome of an attempt", () => {
  const problems: readonly (readonly [
    name: string,
    outcome: SendOutcome | Error,
    snapshot: { readonly delivered: number; readonly rejected: number; readonly queueSize: number },
    failure: string | undefined,
    problem: string | undefined,
  ])[] = [
    ["delivered", DELIVERED, { delivered: 3, rejected: 0, queueSize: 0 }, undefined, undefined],
    ["rejected", { kind: "rejected" }, { delivered: 0, rejected: 3, queueSize: 0 }, "rejected", "rejected"],
    ["retry", DOWN, { delivered: 0, rejected: 0, queueSize: 3 }, "connection", "connection refused"],
    ["an exception", new Error("bug"), { delivered: 0, rejected: 0, queueSize: 3 }, "io", "bug"],
    [
      "partial, with records to send again",
      { kind: "partial", rejected: 1, retry: [1], reason: "io" },
      { delivered: 1, rejected: 1, queueSize: 1 },
      "io",
      "io",
    ],
    [
      "partial, with rejected records only",
      { kind: "partial", rejected: 2, retry: [], reason: "rejected", message: "too old" },
      { delivered: 1, rejected: 2, queueSize: 0 },
      "rejected",
      "too old",
    ],
    [
      "partial, with nothing wrong",
      { kind: "partial", rejected: 0, retry: [], reason: "rejected" },
      { delivered: 3, rejected: 0, queueSize: 0 },
      undefined,
      undefined,
    ],
    [
      "partial, with numbers that make no sense",
      { kind: "partial", rejected: 99, retry: [0, 0, 7, -1, 1.5, Number.NaN], reason: "io" },
      { delivered: 0, rejected: 2, queueSize: 1 },
      "io",
      "io",
    ],
    [
      "partial, with no number",
      { kind: "partial", rejected: Number.NaN, retry: [], reason: "io" },
      { delivered: 3, rejected: 0, queueSize: 0 },
      undefined,
      undefined,
    ],
  ];
  it.each(problems)("%s is entered in the accounts", async (_name, outcome, expected, failure, problem) => {
    const { clock, destination, queue, offer } = make();
    destination.outcomes.push(outcome);
    offer("a", "b", "c");
    await clock.advance(1_000);
    const { delivered, dropped, failures, queueSize, lastSuccessSeconds } = queue.snapshot();
    expect({ delivered, rejected: dropped.rejected, queueSize }).toEqual(expected);
    expect(Object.entries(failures).filter(([, count]) => count > 0)).toEqual(
      failure === undefined ? [] : [[failure, 1]],
    );
    expect(queue.problem).toBe(problem);
    expect(lastSuccessSeconds).toBe(delivered > 0 ? clock.wallMs() / 1_000 : undefined);
  });

  it("retry sends the same array again, and before anything newer", async () => {
    const { clock, destination, offer } = make();
    destination.outcomes.push(DOWN);
    offer("a", "b");
    await clock.advance(1_000);
    offer("c");
    await clock.advance(1_000);
    expect(destination.batches).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(destination.batches[1]).toBe(destination.batches[0]);
    await clock.advance(1_000);
    expect(destination.batches[2]).toEqual(["c"]);
  });

  it("partial sends the rest again, in its order", async () => {
    const { clock, destination, queue, offer } = make();
    destination.outcomes.push({ kind: "partial", rejected: 0, retry: [3, 1], reason: "io" });
    offer("a", "b", "c", "d");
    await settle();
    await clock.advance(1_000);
    expect(destination.batches).toEqual([
      ["a", "b", "c", "d"],
      ["b", "d"],
    ]);
    expect(queue.snapshot()).toMatchObject({ delivered: 4, queueSize: 0 });
  });

  it("is a timeout when there is none in time; one that comes later does not count", async () => {
    const { clock, destination, queue, offer } = make();
    const answer = destination.stall();
    offer("a");
    await clock.advance(1_000 + 4_999);
    expect(destination.signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(destination.signals[0]?.aborted).toBe(true);
    expect(queue.snapshot()).toMatchObject({ failures: { timeout: 1 }, queueSize: 1 });
    answer(DELIVERED);
    await settle();
    expect(queue.snapshot()).toMatchObject({ delivered: 0, queueSize: 1 });
    await clock.advance(1_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 1, queueSize: 0 });
  });
});

describe("a destination that is down", () => {
  it("is tried again after waits that double up to a limit, and afresh after a success", async () => {
    const { clock, destination, offer } = make({ retry: { baseMs: 1_000, maxMs: 5_000 } });
    destination.outcomes.push(...Array(5).fill(DOWN));
    offer("a");
    await clock.advance(1_000);
    for (const [attempts, waitMs] of [1_000, 2_000, 4_000, 5_000, 5_000].entries()) {
      await clock.advance(waitMs - 1);
      expect(destination.batches).toHaveLength(attempts + 1);
      await clock.advance(1);
      expect(destination.batches).toHaveLength(attempts + 2);
    }
    destination.outcomes.push(DOWN);
    offer("b");
    await clock.advance(2_000);
    expect(destination.batches.slice(-2)).toEqual([["b"], ["b"]]);
  });

  it("is left alone for as long as it asks", async () => {
    const { clock, destination, offer } = make({ random: () => 0 });
    destination.outcomes.push({ ...DOWN, retryAfterMs: 30_000 });
    offer("a");
    await clock.advance(1_000 + 29_999);
    expect(destination.batches).toHaveLength(1);
    await clock.advance(1);
    expect(destination.batches).toHaveLength(2);
  });

  it.each([
    ["attempts", { baseMs: 1_000, maxMs: 1_000, attemptsMax: 3 }],
    ["time", { baseMs: 1_000, maxMs: 1_000, elapsedMaxMs: 2_500 }],
  ])("costs a batch whose %s are used up, and the next batch waits its turn", async (_what, retry) => {
    const { clock, destination, queue, offer } = make({ retry });
    destination.outcomes.push(DOWN, DOWN, DOWN);
    offer("1", "2", "3", "4", "5");
    await settle();
    await clock.advance(2_000);
    expect(queue.snapshot()).toMatchObject({ dropped: { retries_exhausted: 4 }, queueSize: 1 });
    expect(destination.batches).toHaveLength(3);
    await clock.advance(2_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 1, queueSize: 0 });
  });
});

describe("a full queue", () => {
  it("drops what is offered, whichever limit is reached, records that are being sent included", async () => {
    const { destination, queue, offer } = make();
    destination.stall();
    expect(offer(...Array(10).fill("x")).every((taken) => taken)).toBe(true);
    await settle();
    expect(destination.batches).toHaveLength(1);
    expect(offer("x")).toEqual([false]);
    expect(queue.snapshot()).toMatchObject({ dropped: { queue_full: 1 }, queueSize: 10, queueCapacity: 10 });
    const other = make();
    expect(other.offer("a".repeat(60), "b".repeat(41), "c".repeat(40))).toEqual([true, false, true]);
    expect(other.queue.queuedBytes).toBe(100);
  });

  it.each([
    ["is larger than the queue", "x".repeat(101)],
    ["has no size", "NaN"],
    ["cannot be measured", "throws"],
  ])("a record that %s is rejected", (_what, entry) => {
    const sizeOf = (text: string): number => {
      if (text === "throws") throw new Error("no size");
      return text === "NaN" ? Number.NaN : text.length;
    };
    const { queue, offer } = make({ sizeOf });
    expect(offer(entry)).toEqual([false]);
    expect(queue.snapshot()).toMatchObject({ dropped: { rejected: 1, queue_full: 0 }, queueSize: 0 });
  });
});

describe("a full queue with a policy", () => {
  const room = (): TalkativeOrigins<string> =>
    new TalkativeOrigins((entry) => (entry.startsWith("c") ? "chatty" : undefined));

  it("drops nothing for a record that does not fit beside what is being sent", async () => {
    const { destination, queue, offer } = make({ room: room(), batch: { recordsMax: 1, bytesMax: 90, delayMs: 0 } });
    destination.stall();
    offer("x".repeat(90));
    await settle();
    expect(offer("c", "c", "c", "y".repeat(11), "z".repeat(8))).toEqual([true, true, true, false, true]);
    expect(queue.snapshot()).toMatchObject({ queueSize: 4, dropped: { queue_full: 2 } });
  });

  it("does not count what had to make room towards the next batch", async () => {
    const limits = { recordsMax: 10, bytesMax: 80 };
    const { destination, offer } = make({ room: room(), limits, batch: { ...limits, bytesMax: 81, delayMs: 1_000 } });
    offer("c".repeat(40), "c".repeat(40), "x".repeat(40));
    await settle();
    expect(destination.batches).toEqual([]);
  });
});

describe("a flush", () => {
  it("sends everything that was offered before it, and waits for nothing that comes later", async () => {
    const { destination, queue, offer } = make();
    offer("1", "2", "3", "4", "5", "6");
    const isDone = queue.flush(10_000);
    const answers = [destination.stall(), destination.stall(), destination.stall()];
    await settle();
    answers[0]?.(DELIVERED);
    await settle();
    expect(destination.batches).toEqual([
      ["1", "2", "3", "4"],
      ["5", "6"],
    ]);
    offer("7");
    answers[1]?.(DELIVERED);
    expect(await isDone).toBe(true);
    expect(queue.snapshot()).toMatchObject({ delivered: 6, queueSize: 1 });
  });

  it("tries at once while the queue waits to try again, and says when that failed", async () => {
    const { clock, destination, queue, offer } = make();
    destination.outcomes.push(DOWN, DOWN);
    offer("a");
    await clock.advance(1_000);
    expect(await queue.flush(10_000)).toBe(false);
    expect(destination.batches).toHaveLength(2);
    expect(await queue.flush(10_000)).toBe(true);
  });

  it("ends by its deadline", async () => {
    const { clock, destination, queue, offer } = make({ attemptTimeoutMs: undefined });
    destination.stall();
    offer("a");
    const isDone = queue.flush(10_000);
    await clock.advance(10_000);
    expect(await isDone).toBe(false);
    expect(queue.snapshot()).toMatchObject({ queueSize: 1 });
  });

  it("of an empty queue is done at once, and leaves no timer", async () => {
    const { clock, queue } = make();
    expect(await queue.flush(10_000)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("closing", () => {
  it("tries until the deadline, and counts the rest and all that comes later as dropped", async () => {
    const { clock, destination, queue, offer } = make();
    destination.outcomes.push(DOWN, DELIVERED, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN);
    offer("1", "2", "3", "4", "5", "6");
    const closed = queue.close(10_000);
    expect(offer("late")).toEqual([false]);
    await clock.advance(9_999);
    expect(queue.snapshot()).toMatchObject({ delivered: 4, queueSize: 2, dropped: { shutdown: 1 } });
    await clock.advance(1);
    await closed;
    expect(queue.snapshot()).toMatchObject({ delivered: 4, queueSize: 0, dropped: { shutdown: 3 } });
    const attempts = destination.batches.length;
    await clock.advance(100_000);
    expect(destination.batches).toHaveLength(attempts);
    expect(clock.pendingTimers).toBe(0);
  });

  it("aborts the attempt of a destination that hangs, whose outcome no longer counts", async () => {
    const { clock, destination, queue, offer } = make({ attemptTimeoutMs: undefined });
    const answer = destination.stall();
    offer("a");
    const closed = queue.close(3_000);
    const again = queue.close(99_000);
    await clock.advance(3_000);
    await Promise.all([closed, again]);
    expect(destination.signals[0]?.aborted).toBe(true);
    answer(DELIVERED);
    await settle();
    expect(queue.snapshot()).toMatchObject({ delivered: 0, queueSize: 0, dropped: { shutdown: 1 } });
    expect(clock.pendingTimers).toBe(0);
  });
});

it("counts a batch once, however close its outcome comes to the end of the queue", async () => {
  for (let turns = -12; turns <= 12; turns++) {
    const deadlines: (() => void)[] = [];
    const clock = new FakeClock();
    const schedule = (_delayMs: number, callback: () => void): (() => void) => {
      deadlines.push(callback);
      return () => {};
    };
    const still = { nowMs: () => 0, wallMs: () => 0, schedule, defer: (callback: () => void) => clock.defer(callback) };
    const { destination, queue, offer } = make({ clock: still, attemptTimeoutMs: undefined });
    const answer = destination.stall();
    offer("a", "b");
    void queue.flush(1_000);
    await settle();
    const closed = queue.close(1_000);
    const steps = [() => deadlines.at(-1)?.(), () => answer(DELIVERED)];
    if (turns < 0) steps.reverse();
    steps[0]?.();
    for (let turn = 0; turn < Math.abs(turns); turn++) await Promise.resolve();
    steps[1]?.();
    await closed;
    await settle();
    const { delivered, dropped, queueSize } = queue.snapshot();
    expect({ sum: delivered + (dropped.shutdown ?? 0), queueSize, bytes: queue.queuedBytes }, `${turns}`).toEqual({
      sum: 2,
      queueSize: 0,
      bytes: 0,
    });
  }
});

describe("a process that ends now", () => {
  it("is handed everything that waits, but not what is being sent", async () => {
    const { destination, queue, offer } = make();
    const answer = destination.stall();
    offer("1", "2", "3", "4", "5", "6");
    await settle();
    const written: string[] = [];
    queue.handOver((entries) => written.push(...entries));
    expect(written).toEqual(["5", "6"]);
    expect(queue.snapshot()).toMatchObject({ delivered: 2, queueSize: 4 });
    answer(DELIVERED);
    await settle();
    expect(queue.snapshot()).toMatchObject({ delivered: 6, queueSize: 0 });
  });

  it("counts as dropped what it could not write", () => {
    const { queue, offer } = make();
    offer("a");
    expect(() =>
      queue.handOver(() => {
        throw new Error("disk full");
      }),
    ).toThrow("disk full");
    expect(queue.snapshot()).toMatchObject({ delivered: 0, queueSize: 0, dropped: { shutdown: 1 } });
  });
});
