import { BATCH_CANCELLATION_REASONS, BATCH_RESULTS, type CallStatus } from "@mcp-hangar/telemetry";
import { expect, it } from "vitest";
import { Batches } from "../../src/batch/batches.ts";
import { ContinuationStore } from "../../src/batch/continuation-store.ts";
import type { BatchRefusal, BatchReport } from "../../src/batch/report.ts";
import { Gateway } from "../../src/gateway.ts";
import { circuitBreakerOptions, executionOptions, subprocessOptions } from "../../src/options.ts";
import {
  fakePlatform,
  RecordingBus,
  type SeededRandom,
  seededRandom,
  UnreliableUpstream,
} from "../../src/testing/index.ts";

const SEEDS = 300;
const SERVERS = ["a", "b", "c", "d"];
/** What the promise "in time" allows beyond the deadline. */
const LATE_MS = 100;

interface Sent {
  readonly size: number;
  readonly deadlineMs: number;
  readonly leave: AbortController;
  answer: BatchReport | BatchRefusal | undefined;
  answeredMs: number;
}

/** Random batches over servers that go wrong in every way, and clients that leave. */
it("answers in time, emits one event a batch, and counts every item and every attempt once", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) await simulate(seed, seen);
  // A simulation in which nothing happens proves nothing.
  expect([...seen].sort()).toEqual(
    [...BATCH_CANCELLATION_REASONS, ...BATCH_RESULTS, "retried"].filter((what) => what !== "validation_error").sort(),
  );
});

async function simulate(seed: number, seen: Set<string>): Promise<void> {
  const random = seededRandom(seed);
  const platform = fakePlatform({ seed });
  const { clock } = platform;
  const bus = new RecordingBus();
  const upstreams = new Map(SERVERS.map((id) => [id, new UnreliableUpstream(clock, random, seed % 2 === 0)]));
  const server = subprocessOptions.parse({
    mode: "subprocess",
    command: "fake",
    call_timeout_s: random.integer(1, 20),
  });
  const gateway = new Gateway({
    servers: Object.fromEntries(SERVERS.map((id) => [id, server])),
    execution: executionOptions.parse({ max_concurrency: random.integer(1, 20), max_waiting: random.integer(0, 20) }),
    circuitBreaker: circuitBreakerOptions.parse({
      failure_threshold: random.integer(1, 5),
      open_s: random.integer(1, 10),
    }),
    bus,
    platform,
    info: { name: "simulation", version: "0" },
    // Every id of the fleet has its upstream.
    transports: (id) => (upstreams.get(id) as UnreliableUpstream).transport,
  });
  const continuations = new ContinuationStore(platform);
  const batches = new Batches({ gateway, bus, platform, continuations });
  const sent: Sent[] = [];
  for (let step = 0; step < 60; step++) {
    if (random.chance(0.3)) upstreams.get(random.pick(["a", "b", "c", "d"]))?.change();
    if (random.chance(0.2)) sent.push(send(batches, random, clock.nowMs()));
    if (random.chance(0.05)) sent.at(-1)?.leave.abort();
    await clock.advanceAsync(random.pick([0, 10, 50, 1_000, 5_000]));
  }
  for (let ms = 0; ms < 31_000; ms += 50) await clock.advanceAsync(50);

  const where = `seed ${seed}`;
  const finished = bus.of("batch.finished");
  expect(finished.length, where).toBe(sent.length);
  for (const { answer, answeredMs, deadlineMs, size } of sent) {
    if (answer === undefined || !("results" in answer)) throw new Error(`${where}: a batch has no report`);
    expect(answeredMs, where).toBeLessThanOrEqual(deadlineMs + LATE_MS);
    const event = finished.find(({ batchId }) => batchId === answer.batch_id);
    const counted = Object.values(event?.items ?? {}).reduce((sum, count) => sum + count, 0);
    expect([event?.size, counted, answer.results.length], where).toEqual([size, size, size]);
    expect(event?.items.success, where).toBe(answer.results.filter(({ success }) => success).length);
    expect(answer.succeeded + answer.failed, where).toBe(size);
    for (const what of [event?.result, event?.cancellation]) if (what !== undefined) seen.add(what);
    const attempts = answer.results.reduce((sum, item) => sum + item.attempts, 0);
    if (answer.results.some((item) => item.attempts > 1)) seen.add("retried");
    const calls = bus.of("call.finished").filter(({ batch }) => batch?.id === answer.batch_id);
    expect(calls.length, where).toBe(attempts);
    expect(new Set(calls.map(({ callId }) => callId)).size, where).toBe(attempts);
    // What the report says of an item is what the event of its last attempt says.
    for (const { call_id, success } of answer.results) {
      const status: CallStatus | undefined = calls.find(({ callId }) => callId === call_id)?.outcome.status;
      if (call_id !== null) expect(status === "success", where).toBe(success);
    }
  }
  expect(batches.itemsExecuting, where).toBe(0);
  await closeAll(gateway, clock);
  continuations.close();
  expect(clock.pendingTimers, where).toBe(0);

  function send(to: Batches, chance: SeededRandom, nowMs: number): Sent {
    const timeout = chance.integer(1, 30);
    const calls = Array.from({ length: chance.integer(1, 30) }, () => ({
      server: chance.pick(["a", "b", "c", "d", "nowhere"]),
      tool: "echo",
      ...(chance.chance(0.2) ? { timeout: chance.integer(1, 10) } : {}),
    }));
    const one: Sent = {
      size: calls.length,
      deadlineMs: nowMs + timeout * 1_000,
      leave: new AbortController(),
      answer: undefined,
      answeredMs: Number.POSITIVE_INFINITY,
    };
    const request = {
      calls,
      timeout,
      max_concurrency: chance.integer(1, 20),
      fail_fast: chance.chance(0.2),
      max_attempts: chance.integer(1, 5),
    };
    void to.execute(request, {}, one.leave.signal).then((answer) => {
      one.answer = answer;
      one.answeredMs = clock.nowMs();
    });
    return one;
  }
}

/** Closing waits for sessions that take their time. */
async function closeAll(gateway: Gateway, clock: { advanceAsync(ms: number): Promise<void> }): Promise<void> {
  let closed = false;
  const closing = gateway.close().then(() => {
    closed = true;
  });
  for (let ms = 0; ms < 60_000 && !closed; ms += 1_000) await clock.advanceAsync(1_000);
  await closing;
}
