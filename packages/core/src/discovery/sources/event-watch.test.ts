import { expect, test } from "vitest";
import { type FakePlatform, fakePlatform } from "../../testing/fake-platform.ts";
import { watchEvents } from "./event-watch.ts";

/** A stream of events that the test plays by hand. */
interface Stream {
  readonly onEvent: () => void;
  readonly signal: AbortSignal;
  readonly end: () => void;
  readonly fail: () => void;
}

function watch(platform: FakePlatform = fakePlatform()) {
  const streams: Stream[] = [];
  const begunMs: number[] = [];
  const hintsMs: number[] = [];
  const { clock } = platform;
  const startMs = clock.nowMs();
  const stop = watchEvents({
    platform,
    onChange: () => void hintsMs.push(clock.nowMs() - startMs),
    follow: (onEvent, signal) => {
      begunMs.push(clock.nowMs() - startMs);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      streams.push({ onEvent, signal, end: resolve, fail: () => reject(new Error("interrupted")) });
      return promise;
    },
  });
  const last = (): Stream => {
    const stream = streams.at(-1);
    if (stream === undefined) throw new Error("no stream");
    return stream;
  };
  return { clock, stop, last, streams, begunMs, hintsMs };
}

test("the first event is told at once, those of the next second together at its end", async () => {
  const { clock, last, hintsMs, stop } = watch();
  last().onEvent();
  for (let i = 0; i < 100; i++) {
    clock.advance(5);
    last().onEvent();
  }
  clock.advance(10_000);
  expect(hintsMs).toEqual([0, 1_000]);
  last().onEvent();
  expect(hintsMs).toEqual([0, 1_000, 10_500]);
  stop();
  expect(clock.pendingTimers).toBe(0);
});

/** Interrupts the stream, and says how long it took until it was followed again. */
async function pauseAfter(
  { clock, begunMs, last }: ReturnType<typeof watch>,
  interrupt: "end" | "fail",
): Promise<number> {
  const interruptedMs = clock.nowMs();
  const streams = begunMs.length;
  last()[interrupt]();
  while (begunMs.length === streams) await clock.advanceAsync(10);
  return clock.nowMs() - interruptedMs;
}

test("a stream that is interrupted is followed again, after pauses that grow to a minute", async () => {
  const watched = watch();
  const pauses: number[] = [];
  while (pauses.length < 12) pauses.push(await pauseAfter(watched, pauses.length % 2 === 0 ? "fail" : "end"));
  expect(pauses[0]).toBeGreaterThanOrEqual(500);
  expect(pauses[0]).toBeLessThanOrEqual(1_010);
  expect(pauses[3]).toBeGreaterThanOrEqual(4_000);
  expect(Math.min(...pauses.slice(-5))).toBeGreaterThanOrEqual(30_000);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(60_010);
  watched.stop();
});

test("a stream that held for a minute is followed again soon", async () => {
  const watched = watch();
  for (let i = 0; i < 6; i++) await pauseAfter(watched, "fail");
  await watched.clock.advanceAsync(60_000);
  expect(await pauseAfter(watched, "end")).toBeLessThanOrEqual(1_010);
  watched.stop();
});

test("nothing is followed and nothing told when nobody watches any more", async () => {
  const { clock, last, streams, hintsMs, stop } = watch();
  stop();
  expect(last().signal.aborted).toBe(true);
  last().onEvent();
  last().end();
  await clock.advanceAsync(120_000);
  expect({ streams: streams.length, hints: hintsMs, timers: clock.pendingTimers }).toEqual({
    streams: 1,
    hints: [],
    timers: 0,
  });
});
