import { PatternSearch } from "./pattern-search.ts";
import type { Spans } from "./spans.ts";

/** Shorter values are words like any other: hiding them would blacken every text. */
const VALUE_CHARS_MIN = 6;
/** Longer values are looked for piece by piece, so that one that was wrapped or cut is found, too. */
const PIECE_CHARS = 48;
/** Characters of one value that are looked at: private keys take some 3 000. */
const VALUE_CHARS_MAX = 16_384;
/** Characters of all values of one owner. */
const OWNER_CHARS_MAX = 64 * 1024;
/** Characters of all values together: a search takes 20 bytes a character and is built within some 100 ms. */
const TOTAL_CHARS_MAX = 256 * 1024;
/** Characters of values that are no longer in use, and may still be written by what used them. */
const RETIRED_CHARS_MAX = 8 * 1024;

/** Values that stand in so many places that hiding them would hide the meaning of texts. */
const COMMON_VALUES: ReadonlySet<string> = new Set(
  `anonymous bearer buster console container debugging default description details development disabled docker enabled
  endpoint error errors external failed false hostname internal invalid localhost message minimal missing module network
  nothing number object optional password permission please plugin private process production program project public
  readonly readwrite release remote request required resource response result running secret server service session
  standard staging static status stderr stdout stopped stream string subprocess success system testing timeout token
  trace undefined unknown username value values verbose version warning workspace`.split(/\s+/),
);

/**
 * The secrets that this process knows by value: whatever an output is about, these texts do not stand in it. One register for
 * the process, because a secret that one part knows must not be printed by any other.
 */
export class KnownSecrets {
  /** Values by who has them. */
  readonly #owners = new Map<string, ReadonlySet<string>>();
  /** Values that no owner has any more, oldest first. */
  readonly #retired = new Set<string>();
  #retiredChars = 0;
  /** `undefined` while there is none to look for, or none was built since the values changed. */
  #search: PatternSearch | undefined;
  #stale = false;
  #version = 0;

  /** Grows whenever other values are looked for: what was found free of secrets before need not be any more. */
  get version(): number {
    return this.#version;
  }

  /**
   * Makes `values` those of `owner`, such as "configuration" or one server, in the place of those before. The former are still
   * hidden for a while: calls and servers that are under way may know them.
   */
  replace(owner: string, values: Iterable<string>): void {
    const kept = limited(values);
    const former = this.#owners.get(owner);
    if (former === undefined && kept.size === 0) return;
    for (const value of former ?? []) if (!kept.has(value)) this.#retire(value);
    if (kept.size === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, kept);
    this.#stale = true;
    this.#version += 1;
  }

  /** Forgets everything, as a new process would. */
  clear(): void {
    this.#owners.clear();
    this.#retired.clear();
    this.#retiredChars = 0;
    this.#stale = true;
    this.#version += 1;
  }

  /** Where known secrets stand in a text. */
  find(text: string, spans: Spans): void {
    if (this.#stale) this.#build();
    this.#search?.find(text, spans);
  }

  #retire(value: string): void {
    if (this.#retired.has(value)) return;
    this.#retired.add(value);
    this.#retiredChars += value.length;
    for (const oldest of this.#retired) {
      if (this.#retiredChars <= RETIRED_CHARS_MAX) break;
      this.#retired.delete(oldest);
      this.#retiredChars -= oldest.length;
    }
  }

  #build(): void {
    this.#stale = false;
    const patterns = new Set<string>();
    let chars = 0;
    for (const values of [...this.#owners.values(), this.#retired]) {
      for (const value of values) {
        for (const pattern of patternsOf(value)) {
          if (patterns.has(pattern) || chars + pattern.length > TOTAL_CHARS_MAX) continue;
          patterns.add(pattern);
          chars += pattern.length;
        }
      }
    }
    this.#search = patterns.size === 0 ? undefined : new PatternSearch([...patterns]);
  }
}

/** The register of this process. */
export const knownSecrets = new KnownSecrets();

/** Whether a value is long and rare enough to be looked for in texts. */
function isWorthHiding(value: string): boolean {
  if (value.length < VALUE_CHARS_MIN || COMMON_VALUES.has(value.toLowerCase())) return false;
  // Ports, sizes and process ids, and what stands in for a secret, such as "xxxxxxxx" and "********".
  return !/^\d{1,7}$/.test(value) && !/^(.)\1*$/s.test(value) && value !== "[redacted]";
}

function limited(values: Iterable<string>): ReadonlySet<string> {
  const kept = new Set<string>();
  let chars = 0;
  for (const each of values) {
    const value = each.slice(0, VALUE_CHARS_MAX).trim();
    if (!isWorthHiding(value) || kept.has(value)) continue;
    chars += value.length;
    if (chars > OWNER_CHARS_MAX) break;
    kept.add(value);
  }
  return kept;
}

/** The value as it stands in texts: as it is, within JSON, within a URL and in Base64. */
function* patternsOf(value: string): Iterable<string> {
  const encoded = encodeURIComponent(value.toWellFormed());
  const forms = new Set([
    value,
    JSON.stringify(value).slice(1, -1),
    encoded,
    encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ]);
  for (const form of forms) yield* piecesOf(form);
  if (value.length >= 8) yield* piecesOf(base64Of(value));
}

/** Pieces that together cover the value. */
function* piecesOf(value: string): Iterable<string> {
  // Each line of a key can be printed by itself.
  for (const line of value.split(/[\r\n]+/)) {
    if (line.length < VALUE_CHARS_MIN || line.startsWith("-----")) continue;
    if (line.length <= PIECE_CHARS) {
      yield line;
      continue;
    }
    for (let at = 0; at + PIECE_CHARS < line.length; at += PIECE_CHARS) yield line.slice(at, at + PIECE_CHARS);
    yield line.slice(-PIECE_CHARS);
  }
}

/** Without padding, which does not belong to the value alone. */
function base64Of(value: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(value)) bytes += String.fromCharCode(byte);
  return btoa(bytes).replace(/=+$/, "");
}
