import type { Clock } from "../platform/platform.ts";

/** Who uses a server, and since when nobody does. */
export class Usage {
  readonly #clock: Clock;
  #inFlight = 0;
  #keepers = 0;
  #lastUsedMs: number;
  #servedAtMs = Number.NEGATIVE_INFINITY;
  readonly #whenUnused: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastUsedMs = clock.nowMs();
  }

  /** Calls that wait for the server or run at it. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** When the server last answered a request of a caller. */
  get servedAtMs(): number {
    return this.#servedAtMs;
  }

  /** Keeps the idle sweep away until the returned function is called, as for a subscription; a removal does not wait. */
  keep(): () => void {
    this.#keepers++;
    return () => {
      this.#keepers--;
      this.touch();
    };
  }

  begin(): void {
    this.#inFlight++;
  }

  /** `answered`: the server has answered it. */
  end(answered: boolean): void {
    this.touch();
    if (answered) this.#servedAtMs = this.#lastUsedMs;
    if (--this.#inFlight === 0) for (const resolve of this.#whenUnused.splice(0)) resolve();
  }

  /** Its time to live begins anew. */
  touch(): void {
    this.#lastUsedMs = this.#clock.nowMs();
  }

  /** Resolves as soon as no call is in flight. */
  async unused(): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#whenUnused.push(resolve));
  }

  /** Whether nobody has used it for so long. */
  isIdle(nowMs: number, ttlMs: number): boolean {
    return this.#inFlight === 0 && this.#keepers === 0 && nowMs - this.#lastUsedMs >= ttlMs;
  }
}
