/** What stands in place of a sensitive value wherever it is printed, serialised or inspected. */
export const REDACTED = "[redacted]";

/**
 * Names the exporter that opens a sensitive value and states that its capture policy allows it.
 * Exporters build one from their own configuration, so a search for `CapturePolicy` finds every place that opens values.
 */
export interface CapturePolicy {
  readonly exporter: string;
  readonly capture: boolean;
}

/** A value such as tool arguments or results that prints `[redacted]` until an exporter with a capture policy opens it. */
export class Sensitive<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself when the policy captures, else `undefined`. */
  reveal(policy: CapturePolicy): T | undefined {
    return policy.capture ? this.#value : undefined;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** What `util.inspect` and `console.log` of Node.js show. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
