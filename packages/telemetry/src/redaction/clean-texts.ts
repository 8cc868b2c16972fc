import { knownSecrets } from "./known-secrets.ts";

/** Texts of one generation; two are kept. */
const TEXTS_MAX = 512;
/** Characters of a text that is kept: names and identifiers, no messages. */
const CHARS_MAX = 128;

/**
 * Texts in which no secret was found of late: a name that is in every record is searched once. What was found before another secret
 * became known does not count.
 */
export class CleanTexts {
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set<string>();
  #secretsVersion = knownSecrets.version;

  has(text: string): boolean {
    if (this.#secretsVersion !== knownSecrets.version) return false;
    if (this.#young.has(text)) return true;
    if (!this.#old.has(text)) return false;
    this.#keep(text);
    return true;
  }

  /** Takes a text that was searched a moment ago. */
  add(text: string): void {
    if (text.length > CHARS_MAX) return;
    if (this.#secretsVersion !== knownSecrets.version) {
      this.#secretsVersion = knownSecrets.version;
      this.#young.clear();
      this.#old = new Set();
    }
    this.#keep(text);
  }

  #keep(text: string): void {
    if (this.#young.size >= TEXTS_MAX) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(text);
  }
}
