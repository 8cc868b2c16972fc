import { REDACTED } from "../sensitive.ts";
import { redactText } from "./redact-text.ts";
import { isSecretKey } from "./secret-names.ts";

/** Levels of nesting that are written; what is deeper is left out. */
const DEPTH_MAX = 64;
/** Bytes of UTF-8 that a character has at most, apart from surrogates, which count as two characters. */
const BYTES_A_CHAR = 3;
/** Characters behind the limit that are looked at, so that a secret which the limit cuts is recognised. */
const LOOK_AHEAD_CHARS = 1_024;

/** JSON as it came over the wire; a result that the gateway relays has it when it is large. */
interface JsonBytes {
  readonly bytes: Uint8Array | undefined;
  readonly value: unknown;
}

/**
 * JSON of arguments or of a result: at most `charsMax` characters and "…", without secrets that the process knows or that look like
 * some, and without values of names such as `password`. The time goes with what is kept, not with how large the value is.
 */
export function payloadText(payload: unknown, charsMax: number): string {
  if (!isJsonBytes(payload)) return new CappedJson(charsMax).of(payload);
  const { bytes } = payload;
  // What is large is not parsed for this.
  if (bytes === undefined) return new CappedJson(charsMax).of(payload.value);
  const window = bytes.subarray(0, (charsMax + LOOK_AHEAD_CHARS) * BYTES_A_CHAR);
  return redactText(new TextDecoder().decode(window), charsMax);
}

function isJsonBytes(payload: unknown): payload is JsonBytes {
  if (typeof payload !== "object" || payload === null || !("bytes" in payload) || !("value" in payload)) return false;
  return payload.bytes === undefined || payload.bytes instanceof Uint8Array;
}

/** Writes JSON until it is long enough. */
class CappedJson {
  readonly #charsMax: number;
  #text = "";

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  of(value: unknown): string {
    this.#write(value, 0);
    return this.#isFull ? `${this.#text.slice(0, this.#charsMax)}…` : this.#text;
  }

  get #isFull(): boolean {
    return this.#text.length > this.#charsMax;
  }

  #write(value: unknown, depth: number): void {
    if (typeof value === "string") this.#text += this.#string(value);
    else if (typeof value !== "object" || value === null) this.#text += JSON.stringify(value) ?? "null";
    else if (depth >= DEPTH_MAX) this.#text += '"…"';
    else if (Array.isArray(value)) this.#array(value, depth);
    else if (isRawJson(value)) this.#text += JSON.stringify(value);
    else this.#object(value, depth);
  }

  #string(value: string): string {
    // One character more than fits, so that what is longer is seen to be cut.
    return JSON.stringify(redactText(value, this.#charsMax - this.#text.length + 1));
  }

  #array(values: readonly unknown[], depth: number): void {
    this.#text += "[";
    for (const [index, value] of values.entries()) {
      if (this.#isFull) return;
      if (index > 0) this.#text += ",";
      this.#write(value, depth + 1);
    }
    this.#text += "]";
  }

  #object(value: object, depth: number): void {
    this.#text += "{";
    let isFirst = true;
    for (const name in value) {
      if (this.#isFull) return;
      const member = (value as Readonly<Record<string, unknown>>)[name];
      if (member === undefined) continue;
      this.#text += `${isFirst ? "" : ","}${this.#string(name)}:`;
      isFirst = false;
      if (isSecretKey(name) && holdsSecret(member)) this.#text += JSON.stringify(REDACTED);
      else this.#write(member, depth + 1);
    }
    this.#text += "}";
  }
}

/** A flag under such a name, and nothing under it, tell nothing. */
function holdsSecret(member: unknown): boolean {
  return member !== null && member !== "" && typeof member !== "boolean";
}

/** Part of V8 since Node.js 21; TypeScript does not know it yet. */
interface RawJson {
  isRawJSON(value: unknown): boolean;
}

/** Whether it is a number that no double holds, which is kept as it was written. */
const isRawJson = (value: unknown): boolean => (JSON as unknown as RawJson).isRawJSON(value);
