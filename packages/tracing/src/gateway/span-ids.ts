import { randomFillSync } from "node:crypto";
import type { IdGenerator } from "@opentelemetry/sdk-trace";

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Random bytes that are fetched at once. */
const POOL_BYTES = 4_096;
/** Bytes that become digits at once: an id that is kept for long keeps the digits of its neighbours. */
const DIGITS_BYTES = 128;

/** Ids of traces and spans, cut from digits of many. That all bytes of one are 0, which W3C forbids, happens once in 2^64. */
export class SpanIds implements IdGenerator {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #poolAt = POOL_BYTES;
  #digits = "";
  #at = 0;

  generateTraceId(): string {
    return this.#next(2 * TRACE_ID_BYTES);
  }

  generateSpanId(): string {
    return this.#next(2 * SPAN_ID_BYTES);
  }

  #next(digits: number): string {
    if (this.#at + digits > this.#digits.length) this.#refill();
    const from = this.#at;
    this.#at += digits;
    return this.#digits.slice(from, this.#at);
  }

  #refill(): void {
    if (this.#poolAt + DIGITS_BYTES > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#poolAt = 0;
    }
    this.#digits = this.#pool.toString("hex", this.#poolAt, this.#poolAt + DIGITS_BYTES);
    this.#poolAt += DIGITS_BYTES;
    this.#at = 0;
  }
}
