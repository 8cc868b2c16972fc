import { describe, expect, it } from "vitest";
import { type FakePlatform, fakePlatform } from "../testing/fake-platform.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import type { DiscoveredServer, DiscoverySource } from "./source.ts";
import { type CycleOutcome, SourceCycles } from "./source-cycles.ts";

class ScriptedSource implements DiscoverySource {
  readonly asked: number[] = [];
  readonly #platform: FakePlatform;
  hint: () => void = () => {};
  closed = 0;
  watching = false;
  answer: (signal: AbortSignal) => Promise<readonly DiscoveredServer[]> = async () => [];

  constructor(platform: FakePlatform) {
    this.#platform = platform;
  }

  discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]> {
    this.asked.push(this.#platform.clock.nowMs() - 1_000_000);
    return this.answer(signal);
  }

  watch(onChange: () => void): () => void {
    this.watching = true;
    this.hint = onChange;
    return () => {
      this.watching = false;
    };
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

interface Setup {
  readonly platform: FakePlatform;
  readonly source: ScriptedSource;
  readonly cycles: SourceCycles;
  readonly outcomes: CycleOutcome[];
  readonly due: { ms: number };
}

/** Asks every 10 s, give or take a second; an answer may take 2 s. */
function setUp(): Setup {
  const platform = fakePlatform();
  const source = new ScriptedSource(platform);
  const outcomes: CycleOutcome[] = [];
  const due = { ms: Number.POSITIVE_INFINITY };
  const cycles = new SourceCycles({
    source,
    platform,
    intervalMs: 10_000,
    timeoutMs: 2_000,
    onCycle: (outcome) => {
      outcomes.push(outcome);
      return { succeeded: outcome.kind === "announced", dueInMs: due.ms };
    },
  });
  return { platform, source, cycles, outcomes, due };
}

const never = (): Promise<never> => new Promise(() => {});

describe("the cycles of a source", () => {
  it("begin at once and come again on the interval, spread a little", async () => {
    const { platform, source, cycles } = setUp();
    cycles.start();
    await platform.clock.advanceAsync(60_000);
    expect(source.asked[0]).toBe(0);
    expect(source.asked.length).toBeGreaterThanOrEqual(6);
    const pauses = source.asked.slice(1).map((ms, index) => ms - (source.asked[index] ?? 0));
    for (const pause of pauses) expect(Math.abs(pause - 10_000)).toBeLessThanOrEqual(1_000);
    expect(new Set(pauses).size).toBeGreaterThan(1);
    await cycles.close();
  });

  it("come early when the source hints at a change, once for many hints", async () => {
    const { platform, source, cycles } = setUp();
    cycles.start();
    await platform.clock.advanceAsync(1_000);
    for (let hints = 0; hints < 50; hints++) source.hint();
    await platform.clock.advanceAsync(1_000);
    expect(source.asked).toEqual([0, 1_200]);
    await cycles.close();
  });

  it("are not put off by hints that never cease", async () => {
    const { platform, source, cycles } = setUp();
    cycles.start();
    for (let step = 0; step < 20; step++) {
      source.hint();
      await platform.clock.advanceAsync(100);
    }
    expect(source.asked.length).toBeGreaterThan(5);
    await cycles.close();
  });

  it("never overlap: one that is asked for meanwhile begins afterwards, once for all who ask", async () => {
    const { platform, source, cycles } = setUp();
    let answer: (servers: readonly DiscoveredServer[]) => void = () => {};
    source.answer = () => new Promise((resolve) => (answer = resolve));
    cycles.start();
    const waiting = [cycles.run(), cycles.run(), cycles.run()];
    await platform.clock.advanceAsync(100);
    expect(source.asked).toEqual([0]);
    answer([]);
    await platform.clock.advanceAsync(100);
    expect(source.asked.length).toBe(2);
    answer([]);
    await platform.clock.advanceAsync(0);
    await Promise.all(waiting);
    expect(source.asked.length).toBe(2);
    await cycles.close();
  });

  it("end in time when the source hangs, and it is not asked again before it has answered", async () => {
    const { platform, source, cycles, outcomes } = setUp();
    let answer: (servers: readonly DiscoveredServer[]) => void = () => {};
    source.answer = () => new Promise((resolve) => (answer = resolve));
    cycles.start();
    await platform.clock.advanceAsync(2_000);
    expect(outcomes).toEqual([{ kind: "failed", error: "it did not answer within 2 s (timeout_s)" }]);
    await platform.clock.advanceAsync(100_000);
    expect(source.asked).toEqual([0]);
    expect(outcomes.at(-1)).toMatchObject({ error: expect.stringContaining("has not answered since") });
    answer([]);
    source.answer = async () => [];
    await platform.clock.advanceAsync(300_000);
    expect(outcomes.at(-1)).toEqual({ kind: "announced", servers: [] });
    await cycles.close();
  });

  it("tell a source that obeys its signal to stop", async () => {
    const { platform, source, cycles } = setUp();
    let reason: unknown;
    source.answer = (signal) => {
      signal.addEventListener("abort", () => (reason = signal.reason));
      return never();
    };
    cycles.start();
    await platform.clock.advanceAsync(2_000);
    expect(String(reason)).toContain("within 2 s");
    await cycles.close();
  });

  it("come less and less often while the source fails, down to every 5 minutes, and at once when it hints", async () => {
    const { platform, source, cycles, outcomes } = setUp();
    source.answer = async () => {
      throw new Error("refused");
    };
    cycles.start();
    await platform.clock.advanceAsync(3_600_000);
    expect(outcomes.at(-1)).toEqual({ kind: "failed", error: "refused" });
    const pauses = source.asked.slice(1).map((ms, index) => ms - (source.asked[index] ?? 0));
    expect(pauses[0]).toBeLessThanOrEqual(10_000);
    for (const pause of pauses.slice(-5)) expect(pause).toBeLessThanOrEqual(300_000);
    expect(Math.max(...pauses)).toBeGreaterThan(150_000);
    source.answer = async () => [];
    source.hint();
    await platform.clock.advanceAsync(200);
    expect(outcomes.at(-1)?.kind).toBe("announced");
    await cycles.close();
  });

  it("come early when something falls due, but never in a tight loop", async () => {
    const { platform, source, cycles, due } = setUp();
    due.ms = 3_000;
    cycles.start();
    await platform.clock.advanceAsync(3_000);
    expect(source.asked).toEqual([0, 3_000]);
    due.ms = 0;
    await platform.clock.advanceAsync(10_000);
    expect(source.asked.length).toBeLessThanOrEqual(102);
    await cycles.close();
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "follow every hint and every wish soon, in the random history of seed %i",
    async (seed) => {
      const random = seededRandom(seed);
      const { platform, source, cycles, due } = setUp();
      const nowMs = (): number => platform.clock.nowMs() - 1_000_000;
      source.answer = () =>
        new Promise((resolve, reject) => {
          const tookMs = random.pick([0, 10, 500, 1_900]);
          platform.clock.schedule(tookMs, () => (random.chance(0.2) ? reject(new Error("refused")) : resolve([])));
        });
      cycles.start();
      const wishes: number[] = [];
      for (let step = 0; step < 400; step++) {
        await platform.clock.advanceAsync(random.pick([0, 1, 50, 199, 201, 1_000, 4_000]));
        if (random.chance(0.3)) due.ms = random.pick([0, 150, 2_000, Number.POSITIVE_INFINITY]);
        if (random.chance(0.5)) {
          wishes.push(nowMs());
          if (random.chance(0.7)) source.hint();
          else void cycles.run();
        }
      }
      await platform.clock.advanceAsync(60_000);
      for (const wishMs of wishes) {
        const next = source.asked.find((ms) => ms >= wishMs) ?? Number.POSITIVE_INFINITY;
        // The cycle under way has to end, and hints are given some time to be followed by others.
        expect(next - wishMs).toBeLessThanOrEqual(1_900 + 200);
      }
      await cycles.close();
    },
  );

  it("end for good when they are closed, also in the middle, and leave nothing behind", async () => {
    const { platform, source, cycles, outcomes } = setUp();
    source.answer = never;
    cycles.start();
    await platform.clock.advanceAsync(500);
    const waiting = cycles.run();
    await cycles.close();
    await waiting;
    await cycles.run();
    source.hint();
    expect([outcomes.length, source.closed, source.watching, platform.clock.pendingTimers]).toEqual([0, 1, false, 0]);
  });
});
