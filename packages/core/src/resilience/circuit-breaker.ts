import type { BreakerStateName } from "@mcp-hangar/telemetry";
import type { Clock } from "../platform/platform.ts";

/** When a breaker opens, and for how long. */
export interface CircuitBreakerLimits {
  /** Failures in a row that open the breaker; at least 1. */
  readonly failureThreshold: number;
  /** Milliseconds an open breaker refuses everything before it admits a probe. */
  readonly openMs: number;
}

/** What a call told about the server's health. `neutral` says nothing: the caller left, or the call never got there. */
export type PermitResult = "success" | "failure" | "neutral";

/** Leave to make one call. Its holder settles it exactly once; settling again does nothing. */
export interface BreakerPermit {
  settle(result: PermitResult): void;
}

/**
 * The identity of a state object is its generation: a permit remembers the object it was issued under, and a result
 * that arrives after the state has changed is not counted.
 */
type BreakerState =
  | { readonly name: "closed"; consecutiveFailures: number }
  | { readonly name: "open"; readonly untilMs: number }
  | { readonly name: "half_open"; probing: boolean };

/** Nobody knows when a probe will return, so callers are told to come back after this time at most. */
const PROBE_RETRY_MS = 1_000;

/**
 * Circuit breaker: consecutive failures open it, after a time one probe at a time is admitted, and the probe's result
 * closes or reopens it.
 */
export class CircuitBreaker {
  #limits: CircuitBreakerLimits;
  readonly #clock: Clock;
  readonly #onChange: ((from: BreakerStateName, to: BreakerStateName) => void) | undefined;
  #state: BreakerState = { name: "closed", consecutiveFailures: 0 };

  /** `onChange` hears of every change of state after it took place; it must not throw. */
  constructor(
    limits: CircuitBreakerLimits,
    clock: Clock,
    onChange?: (from: BreakerStateName, to: BreakerStateName) => void,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Changes the limits. A breaker that is open stays so until the time that was set when it opened. */
  configure(limits: CircuitBreakerLimits): void {
    this.#limits = limits;
  }

  /**
   * The present state. An open breaker whose time is up is half-open, although the change is only told with its probe: it
   * refuses nothing any more, and where nobody calls, no probe would ever say so.
   */
  state(): BreakerStateName {
    const state = this.#state;
    return state.name === "open" && this.#clock.nowMs() >= state.untilMs ? "half_open" : state.name;
  }

  /** A permit, or `undefined` when the call is refused. */
  tryAcquire(): BreakerPermit | undefined {
    if (this.#state.name === "open") {
      if (this.#clock.nowMs() < this.#state.untilMs) return undefined;
      return this.#admitProbe();
    }
    if (this.#state.name === "half_open") {
      if (this.#state.probing) return undefined;
      this.#state.probing = true;
    }
    return new Permit(this.#state, this.#settle);
  }

  /** Milliseconds until a call may be admitted: 0 when that is now, an estimate while a probe is under way. */
  retryAfterMs(): number {
    switch (this.#state.name) {
      case "closed":
        return 0;
      case "open":
        return Math.max(0, this.#state.untilMs - this.#clock.nowMs());
      case "half_open":
        return this.#state.probing ? Math.min(PROBE_RETRY_MS, this.#limits.openMs) : 0;
    }
  }

  /** Closes the breaker and forgets all failures, for instance because the server was started anew. */
  reset(): void {
    this.#enter({ name: "closed", consecutiveFailures: 0 });
  }

  #admitProbe(): BreakerPermit {
    const halfOpen: BreakerState = { name: "half_open", probing: true };
    this.#enter(halfOpen);
    return new Permit(halfOpen, this.#settle);
  }

  /** One closure a breaker instead of one a permit keeps the closed path at one small object a call. */
  readonly #settle = (issuedUnder: BreakerState, result: PermitResult): void => {
    if (issuedUnder !== this.#state) return;
    if (issuedUnder.name === "closed") {
      if (result === "success") issuedUnder.consecutiveFailures = 0;
      if (result === "failure" && ++issuedUnder.consecutiveFailures >= this.#limits.failureThreshold) this.#open();
    }
    if (issuedUnder.name === "half_open") {
      if (result === "success") this.reset();
      if (result === "failure") this.#open();
      if (result === "neutral") issuedUnder.probing = false;
    }
  };

  #open(): void {
    this.#enter({ name: "open", untilMs: this.#clock.nowMs() + this.#limits.openMs });
  }

  #enter(next: BreakerState): void {
    const from = this.#state.name;
    this.#state = next;
    if (from !== next.name) this.#onChange?.(from, next.name);
  }
}

class Permit implements BreakerPermit {
  #issuedUnder: BreakerState | undefined;
  readonly #settle: (issuedUnder: BreakerState, result: PermitResult) => void;

  constructor(issuedUnder: BreakerState, settle: (issuedUnder: BreakerState, result: PermitResult) => void) {
    this.#issuedUnder = issuedUnder;
    this.#settle = settle;
  }

  settle(result: PermitResult): void {
    const issuedUnder = this.#issuedUnder;
    if (issuedUnder === undefined) return;
    this.#issuedUnder = undefined;
    this.#settle(issuedUnder, result);
  }
}
