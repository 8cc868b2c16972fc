import { SERVER_STATES, type ServerStateName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { type SeededRandom, seededRandom } from "../testing/seeded-random.ts";
import { INITIAL_STATE, type ServerState } from "./state.ts";
import { type LifecycleEffect, type LifecycleInput, type LifecycleLimits, transition } from "./transition.ts";

const SEQUENCES = 10_000;
const STEPS = 60;

interface FakeConnection {
  readonly id: number;
}

/** Every change of state that may ever be seen; staying is always allowed. */
const LEGAL: Readonly<Record<ServerStateName, readonly ServerStateName[]>> = {
  cold: ["initializing"],
  initializing: ["ready", "cold", "dead"],
  ready: ["degraded", "cold", "dead"],
  degraded: ["ready", "cold", "dead"],
  dead: ["initializing", "cold"],
};

/** A world around `transition`: it carries out effects, keeps count of what exists, and complains. */
class Simulation {
  state: ServerState<FakeConnection> = INITIAL_STATE;
  nowMs = 1_000;
  readonly #random: SeededRandom;
  readonly #limits: LifecycleLimits;
  /** Sessions that exist, whoever owns them. */
  readonly #live = new Set<FakeConnection>();
  readonly #gone: FakeConnection[] = [{ id: 0 }];
  /** Attempts whose outcome has not been delivered, aborted ones included: they may still bring a session. */
  readonly #opening = new Set<number>();
  readonly #aborted = new Set<number>();
  #lastAttempt = 0;
  #connections = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    const threshold = random.integer(1, 4);
    const delayMs = random.integer(1, 500);
    this.#limits = {
      maxConsecutiveFailures: threshold,
      stableMs: random.integer(1, 3_000),
      retryDelayMs: (failures) => (failures <= 1 ? 0 : delayMs * Math.min(failures, 8)),
    };
  }

  step(): void {
    if (this.#random.chance(0.4)) this.nowMs += this.#random.integer(0, 2_000);
    this.apply(this.#randomInput());
  }

  /** With faults over, a start must lead to ready as soon as the backoff has passed. */
  recover(): void {
    if ("retryAtMs" in this.state) this.nowMs = Math.max(this.nowMs, this.state.retryAtMs);
    this.apply({ type: "start_requested", force: false });
    if (this.state.name === "initializing") this.#deliverSession(this.state.attempt);
    if (this.state.name === "degraded") this.apply({ type: "check_succeeded", session: this.state.session });
    check(this.state.name === "ready", "a healthy server becomes ready");
  }

  /** After a stop, and once every attempt has reported back, nothing may be left. */
  shutDown(): void {
    this.apply({ type: "stop_requested", reason: "shutdown" });
    for (const attempt of this.#opening) this.#deliverSession(attempt);
    check(this.#live.size === 0, "nothing lives after a stop");
    check(this.state.name === "cold", "a stopped server is cold");
  }

  apply(input: LifecycleInput<FakeConnection>): void {
    const before = this.state;
    const { state, effects } = transition(before, input, this.nowMs, this.#limits);
    this.state = state;
    for (const effect of effects) this.#run(effect);
    this.#checkState(before, effects);
  }

  #randomInput(): LifecycleInput<FakeConnection> {
    const random = this.#random;
    const session = random.pick([this.#owned ?? this.#someGone(), this.#owned ?? this.#someGone(), this.#someGone()]);
    const attempt = [...this.#opening][random.integer(0, Math.max(0, this.#opening.size - 1))];
    switch (random.integer(0, 8)) {
      case 0:
      case 1:
        return { type: "start_requested", force: random.chance(0.2) };
      case 2:
      case 3:
        if (attempt === undefined) return { type: "start_requested", force: false };
        if (random.chance(0.5)) return this.#openedInput(attempt);
        this.#opening.delete(attempt);
        return { type: "open_failed", attempt, message: "refused" };
      case 4:
        return { type: "stop_requested", reason: random.pick(["requested", "idle", "reload"]) };
      case 5:
        return { type: "session_ended", session, message: "crashed", served: random.chance(0.3) };
      case 6:
        return { type: "check_succeeded", session };
      default:
        return { type: "check_failed", session, message: "no answer" };
    }
  }

  get #owned(): FakeConnection | undefined {
    return "session" in this.state ? this.state.session : undefined;
  }

  #someGone(): FakeConnection {
    return this.#gone[this.#random.integer(0, this.#gone.length - 1)] ?? { id: 0 };
  }

  #deliverSession(attempt: number): void {
    this.apply(this.#openedInput(attempt));
  }

  #openedInput(attempt: number): LifecycleInput<FakeConnection> {
    this.#opening.delete(attempt);
    const session = { id: ++this.#connections };
    this.#live.add(session);
    return { type: "opened", attempt, session };
  }

  #run(effect: LifecycleEffect<FakeConnection>): void {
    switch (effect.type) {
      case "open":
        check(effect.attempt === ++this.#lastAttempt, "attempts are numbered upwards");
        this.#opening.add(effect.attempt);
        break;
      case "abort_open":
        check(this.#opening.has(effect.attempt), "only an attempt under way is aborted");
        check(!this.#aborted.has(effect.attempt), "an attempt is aborted once");
        this.#aborted.add(effect.attempt);
        break;
      case "close":
        check(this.#live.delete(effect.session), "a session is closed once");
        this.#gone.push(effect.session);
        break;
      case "report_stop":
        break;
    }
  }

  #checkState(before: ServerState<FakeConnection>, effects: readonly LifecycleEffect<FakeConnection>[]): void {
    const { state } = this;
    if (state.name !== before.name) {
      check(LEGAL[before.name].includes(state.name), `${before.name} → ${state.name} is legal`);
      seen.add(`${before.name} → ${state.name}`);
    }

    const owned = this.#owned;
    check(this.#live.size === (owned === undefined ? 0 : 1), "what lives is owned");
    check(owned === undefined || this.#live.has(owned), "what is owned lives");

    const stops = effects.filter(({ type }) => type === "report_stop").length;
    check(stops === ("session" in before && owned === undefined ? 1 : 0), "the end of a session is reported once");

    const awaited = [...this.#opening].filter((attempt) => !this.#aborted.has(attempt));
    if (state.name === "initializing") check(awaited.includes(state.attempt), "initializing waits for its own attempt");
    check(awaited.length === (state.name === "initializing" ? 1 : 0), "there is one start at a time");

    const threshold = this.#limits.maxConsecutiveFailures;
    if (state.name === "ready") check(state.failures < threshold, "ready is below the threshold");
    if (state.name === "cold") check(state.failures < threshold, "cold is below the threshold");
    if (state.name === "dead") check(state.failures >= threshold, "dead is at the threshold");
    if (state.name === "degraded") {
      check(state.failures >= threshold && state.failures < 2 * threshold, "degraded is between the thresholds");
    }
  }
}

/** Cheaper than `expect`, which would take most of the time here. */
function check(holds: boolean, rule: string): void {
  if (!holds) throw new Error(`Broken: ${rule}`);
}

/** Changes of state that were seen: a simulation that never gets somewhere proves nothing about it. */
const seen = new Set<string>();

describe("any sequence of inputs to transition", () => {
  it("leaks no session, makes only legal changes and never gets stuck", () => {
    for (let seed = 1; seed <= SEQUENCES; seed++) {
      const simulation = new Simulation(seededRandom(seed));
      try {
        for (let step = 0; step < STEPS; step++) simulation.step();
        if (seed % 2 === 0) simulation.recover();
        simulation.shutDown();
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)} in ${JSON.stringify(simulation.state)}`, { cause: error });
      }
    }
    const legal = SERVER_STATES.flatMap((from) => LEGAL[from].map((to) => `${from} → ${to}`));
    expect([...seen].toSorted()).toEqual(legal.toSorted());
  });
});
