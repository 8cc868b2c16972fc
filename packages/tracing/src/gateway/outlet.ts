import type { Clock } from "@mcp-hangar/delivery";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { Draft } from "./local-trace.ts";
import type { MakeSpan } from "./sdk-spans.ts";

/** Pieces of work whose spans are not made yet: some seconds of a gateway that does nothing else. */
const PENDING_MAX = 10_000;
/** Pieces of work whose spans are made in one turn of the event loop, so that none of them is long. */
const TURN_MAX = 32;

interface OutletOptions {
  readonly clock: Clock;
  readonly makeSpan: MakeSpan;
  readonly offer: (span: ReadableSpan) => void;
}

/** Makes spans off the time of the callers, a few in each turn of the event loop. */
export class SpanOutlet {
  readonly #options: OutletOptions;
  #pending: Draft[] = [];
  #isDue = false;
  #overflowed = 0;
  #broken = 0;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  /** Pieces of work for which there was no room. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** Pieces of work of which no spans could be made. */
  get broken(): number {
    return this.#broken;
  }

  /** Pieces of work whose spans are not made yet. */
  get pending(): number {
    return this.#pending.length;
  }

  add(draft: Draft): void {
    if (this.#pending.length >= PENDING_MAX) {
      this.#overflowed++;
      return;
    }
    this.#pending.push(draft);
    this.#arrange();
  }

  /** Makes all spans that are due, at once. */
  flush(): void {
    for (const draft of this.#pending.splice(0)) this.#make(draft);
  }

  #arrange(): void {
    if (this.#isDue || this.#pending.length === 0) return;
    this.#isDue = true;
    this.#options.clock.defer(() => {
      this.#isDue = false;
      for (const draft of this.#pending.splice(0, TURN_MAX)) this.#make(draft);
      this.#arrange();
    });
  }

  #make(draft: Draft): void {
    try {
      for (const record of draft()) this.#options.offer(this.#options.makeSpan(record));
    } catch {
      this.#broken++;
    }
  }
}
