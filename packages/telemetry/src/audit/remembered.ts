import { knownSecrets } from "../redaction/index.ts";

/** How much is remembered of each kind. */
const ENTRIES_MAX = 256;

/**
 * The latest parts of records that others are likely to have as well, by a key. They were searched for secrets, so nothing is remembered
 * that was made while other secrets were known.
 */
export class Remembered<Value extends object> {
  readonly #values = new Map<string, Value>();
  #secretsVersion = knownSecrets.version;

  get(key: string): Value | undefined {
    if (this.#secretsVersion !== knownSecrets.version) {
      this.#values.clear();
      this.#secretsVersion = knownSecrets.version;
    }
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    if (this.#values.size >= ENTRIES_MAX && !this.#values.has(key)) {
      const [oldest] = this.#values.keys();
      if (oldest !== undefined) this.#values.delete(oldest);
    }
    this.#values.set(key, value);
  }
}
