import type { Verdict } from "../admission.ts";

/** How many observations in a row change the judgement of a member. */
export interface HealthThresholds {
  readonly unhealthy_threshold: number;
  readonly healthy_threshold: number;
}

/** Judges one member by what calls and health checks say of it, with thresholds on both sides so that it does not flap. */
export class MemberHealth {
  readonly #thresholds: HealthThresholds;
  #healthy = true;
  #failures = 0;
  #successes = 0;

  constructor(thresholds: HealthThresholds) {
    this.#thresholds = thresholds;
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Successes since the last failure. */
  get successes(): number {
    return this.#successes;
  }

  observe(verdict: Verdict): void {
    if (verdict === "neutral") return;
    if (verdict === "success") {
      this.#failures = 0;
      if (++this.#successes >= this.#thresholds.healthy_threshold) this.#healthy = true;
    } else {
      this.#successes = 0;
      if (++this.#failures >= this.#thresholds.unhealthy_threshold) this.#healthy = false;
    }
  }

  /** Takes over what was observed so far; the thresholds stay its own and apply from the next observation on. */
  inherit({ healthy, failures, successes }: MemberHealth): void {
    this.#healthy = healthy;
    this.#failures = failures;
    this.#successes = successes;
  }
}
