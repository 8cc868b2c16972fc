import { BACKSLASH, QUOTE } from "./json-bytes.ts";
import { NESTING_MAX } from "./nesting.ts";

/** A number that a double may not hold, or write otherwise: one of 16 digits or more, or one with an exponent. */
const ODD_NUMBER = /[:,[]\s*-?(?:\d[\d.]{15}|\d[\d.]{0,14}[eE])/;

/** The counterpart of `JSON.parse` for text that is to be written as it came; TypeScript does not know it yet. */
interface ExactJson {
  rawJSON(source: string): object;
}
// It is part of V8 since Node.js 21.
const exactJson = JSON as unknown as ExactJson;

/**
 * Parses JSON like `JSON.parse`, but keeps numbers that no double holds, such as 64-bit ids, so that `JSON.stringify`
 * writes them as they came. They become raw JSON objects (`JSON.isRawJSON`); all others stay numbers.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  return ODD_NUMBER.test(text) ? parseExactly(text) : JSON.parse(text);
}

/**
 * Numbers that no double holds are put in as strings that nothing else in the text can be, and taken out of the parsed value
 * again. A reviver would be shorter, but it is called for every value: 4 MB of zeros take it seconds.
 */
function parseExactly(text: string): unknown {
  const mark = unusedMark(text);
  const sources: string[] = [];
  let marked = "";
  let from = 0;
  for (const { start, end } of numbersIn(text)) {
    const source = text.slice(start, end);
    if (isExact(source)) continue;
    marked += `${text.slice(from, start)}"${mark.escaped}${sources.length}"`;
    sources.push(source);
    from = end;
  }
  if (sources.length === 0 || mark.escaped === "") return JSON.parse(text);
  let value: unknown;
  try {
    value = JSON.parse(marked + text.slice(from));
  } catch {
    // The error is to speak of the text as it came; and what is no number may have been taken for one.
    return JSON.parse(text);
  }
  return restored(value, mark.character, sources, NESTING_MAX);
}

/**
 * A control character that the text does not have. Strings can have one only as an escape, so that a look for that is enough; of
 * the first seven each has one way to be written.
 */
function unusedMark(text: string): { readonly character: string; readonly escaped: string } {
  for (let code = 1; code <= 7; code++) {
    const escaped = `\\u000${code}`;
    if (!text.includes(escaped)) return { character: String.fromCharCode(code), escaped };
  }
  // No honest text has them all: its numbers are rounded as everywhere.
  return { character: "", escaped: "" };
}

/** Where odd numbers stand outside of strings. */
function* numbersIn(text: string): Iterable<{ readonly start: number; readonly end: number }> {
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === BACKSLASH) at++;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) {
      inString = true;
    } else if (isOfNumber(unit)) {
      const start = at;
      let exponent = false;
      for (; isOfNumber(text.charCodeAt(at)); at++) exponent ||= (text.charCodeAt(at) | 0x20) === 0x65;
      if (exponent || at - start >= 16) yield { start, end: at };
      at--;
    }
  }
}

/** Digits, signs, the point and the letter of an exponent. Those of `true` and `false` make no number. */
function isOfNumber(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || unit === 0x2d || unit === 0x2b || unit === 0x2e || (unit | 0x20) === 0x65;
}

/** Whether a double tells the same number; its shortest notation is what other languages write, too. */
function isExact(source: string): boolean {
  // The letter e of a literal, and what JSON.parse will refuse.
  if (!/^-?\d/.test(source)) return true;
  const value = Number(source);
  return Number.isNaN(value) || Number.isSafeInteger(value) || String(value) === source;
}

/** Puts the numbers back. Below `levels` nothing is: so deep a document is refused. */
function restored(value: unknown, mark: string, sources: readonly string[], levels: number): unknown {
  if (typeof value === "string") {
    if (!value.startsWith(mark)) return value;
    const source = sources[Number(value.slice(1))];
    return source === undefined ? value : exactJson.rawJSON(source);
  }
  if (typeof value !== "object" || value === null || levels === 0) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item === "string" || typeof item === "object")
        value[index] = restored(item, mark, sources, levels - 1);
    }
    return value;
  }
  // JSON.parse gives own keys only, so that for-in sees nothing inherited.
  const object = value as Record<string, unknown>;
  for (const key in object) {
    const member = object[key];
    if (typeof member !== "string" && typeof member !== "object") continue;
    const put = restored(member, mark, sources, levels - 1);
    if (put === member) continue;
    // An assignment to __proto__ would set the prototype.
    if (key === "__proto__") Object.defineProperty(object, key, { value: put, enumerable: true });
    else object[key] = put;
  }
  return object;
}
