/** Characters of a `tracestate` that are handed on, as many as the recommendation asks for (https://www.w3.org/TR/trace-context/#tracestate-limits). */
const TRACESTATE_CHARS_MAX = 512;
/** Entries that are longer go first when it has more. */
const LONG_ENTRY_CHARS = 128;
const TRACESTATE_ENTRIES_MAX = 32;

/** Key and value of an entry (https://www.w3.org/TR/trace-context-2/#key); level 1 allows no other. */
const TRACESTATE_ENTRY = /^([a-z0-9][a-z0-9_*/@-]{0,255})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/** https://www.w3.org/TR/baggage/#limits */
const BAGGAGE_CHARS_MAX = 8_192;
const BAGGAGE_ENTRIES_MAX = 64;

/** Printable ASCII: anything else could not travel in a header, or end it. */
const PRINTABLE = /^[ -~]*$/;

/** Characters that are looked at: no header of ours takes more, and callers may write anything into `_meta`. */
const READ_CHARS_MAX = 16_384;

/**
 * The entries of a `tracestate` that can be handed on. A list that is not one, has a key twice or too many entries gives `undefined`: what is
 * in it is not known then. One that is too long loses whole entries, the long ones first and then the last, for part of an entry says
 * something that nobody has written.
 */
export function wholeTracestate(text: string): string | undefined {
  if (text.length > READ_CHARS_MAX) return undefined;
  const entries = entriesOf(text);
  if (entries.length === 0 || entries.length > TRACESTATE_ENTRIES_MAX) return undefined;
  const keys = new Set(entries.map((entry) => TRACESTATE_ENTRY.exec(entry)?.[1]));
  if (keys.has(undefined) || keys.size < entries.length) return undefined;
  for (const isLong of [true, false]) {
    for (let at = entries.length - 1; at >= 0 && lengthOf(entries) > TRACESTATE_CHARS_MAX; at -= 1) {
      if (!isLong || (entries[at]?.length ?? 0) > LONG_ENTRY_CHARS) entries.splice(at, 1);
    }
  }
  return entries.join(",") || undefined;
}

/** The entries of a `baggage` that can be handed on, as many from its beginning as the recommendation asks for; `undefined` when there are none. */
export function wholeBaggage(text: string): string | undefined {
  if (text.length > READ_CHARS_MAX || !PRINTABLE.test(text)) return undefined;
  const kept: string[] = [];
  let chars = -1;
  for (const entry of entriesOf(text)) {
    chars += entry.length + 1;
    if (chars > BAGGAGE_CHARS_MAX || kept.length === BAGGAGE_ENTRIES_MAX) break;
    kept.push(entry);
  }
  return kept.join(",") || undefined;
}

/** Lists may have empty entries, and space around those that are not. */
function entriesOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((entry) => entry !== "");
}

function lengthOf(entries: readonly string[]): number {
  return entries.reduce((chars, entry) => chars + entry.length + 1, -1);
}
