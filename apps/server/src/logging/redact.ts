import { isSecretKey, REDACTED, redactText, Sensitive } from "@mcp-hangar/telemetry";

/** Nesting below which a log field is not followed: log fields are flat, and a cycle must end. */
const DEPTH_MAX = 8;
/** Entries of one list or object that are written. */
const ENTRIES_MAX = 200;
/** Entries of one field together with everything in it. */
const VALUES_MAX = 2_000;
/** Characters of one text, and of all texts of one line: whoever reads a log reads no more of a message. */
const TEXT_CHARS_MAX = 4_096;
const LINE_CHARS_MAX = 32_768;

/** The fields of a line with secrets replaced, in nested objects and lists too, ready to be written as JSON. */
export function redactFields(fields: object): Record<string, unknown> {
  return new FieldRedaction().fields(fields, 0);
}

/** As {@link redactFields}, for one value. */
export function redactValue(value: unknown): unknown {
  return new FieldRedaction().value(value, 0);
}

/** One walk through the fields of a line. It ends, whatever they hold: upstream servers and callers choose some of them. */
class FieldRedaction {
  #valuesLeft = VALUES_MAX;
  #charsLeft = LINE_CHARS_MAX;

  value(value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.#text(value);
    if (typeof value === "bigint") return this.#text(value.toString());
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Sensitive) return REDACTED;
    if (value instanceof Date) return value;
    if (depth >= DEPTH_MAX) return "[nested deeper]";
    if (value instanceof Error) return this.#error(value, depth);
    return Array.isArray(value) ? this.#list(value, depth) : this.fields(value, depth);
  }

  fields(fields: object, depth: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    let entries = 0;
    for (const key in fields) {
      if (!Object.hasOwn(fields, key)) continue;
      const value = (fields as Readonly<Record<string, unknown>>)[key];
      if (value === undefined || typeof value === "function") continue;
      if (entries++ === ENTRIES_MAX || this.#valuesLeft-- <= 0) break;
      const safe = isSecretKey(key) && !isPlain(value) ? REDACTED : this.value(value, depth + 1);
      Object.defineProperty(copy, this.#text(key), {
        value: safe,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return copy;
  }

  #list(list: readonly unknown[], depth: number): readonly unknown[] {
    const copy: unknown[] = [];
    for (const entry of list.slice(0, ENTRIES_MAX)) {
      if (this.#valuesLeft-- <= 0) break;
      copy.push(this.value(entry, depth + 1));
    }
    return copy;
  }

  #text(text: string): string {
    const redacted = redactText(text, Math.min(TEXT_CHARS_MAX, this.#charsLeft));
    this.#charsLeft = Math.max(0, this.#charsLeft - redacted.length);
    return redacted;
  }

  #error(error: Error, depth: number): Record<string, unknown> {
    const { code } = error as { readonly code?: unknown };
    return {
      name: error.name,
      message: this.#text(error.message),
      ...(code !== undefined && { code: this.value(code, depth + 1) }),
      ...(error.cause !== undefined && { cause: this.value(error.cause, depth + 1) }),
      ...(error.stack !== undefined && { stack: this.#text(error.stack) }),
    };
  }
}

/** Numbers, booleans and nothing are no secrets: `token_count: 3` and `auth: null` stay readable. */
function isPlain(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || value === null || value === "";
}
