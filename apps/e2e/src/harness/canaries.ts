/** Begins every canary: a word that stands in no output for any other reason. */
const MARK = "kestrel";

/**
 * A text that is planted in one place and looked for in all others. It looks like no secret, so that only what leaves content out or
 * knows the value keeps it back. Places are lower-case words joined by hyphens.
 */
export function canary(place: string): string {
  return `${MARK}-${place}-5e1f`;
}

const PLAIN = new RegExp(`${MARK}(?:-|%2d)([a-z-]*)`, "gi");
/** Base64 of the mark, wherever it begins within a group of three bytes, and what follows. */
const BASE64 = new RegExp(`(?:${[0, 1, 2].map(base64Within).join("|")})[\\w+/-]*`, "g");
const BASE64_DIGIT = /[\w+/-]/;
/** Hexadecimal digits of the mark, and what follows. */
const HEX = new RegExp(`${Buffer.from(MARK).toString("hex")}[0-9a-f]*`, "gi");

/** The places of all canaries in some bytes, as they are or encoded, sorted, each once. */
export function canariesIn(bytes: Buffer | string): readonly string[] {
  const text = typeof bytes === "string" ? bytes : bytes.toString("latin1");
  const places = [...text.matchAll(PLAIN)].map(([, place = ""]) => place.replace(/-$/, ""));
  for (const encoded of encodedIn(text)) places.push(...canariesIn(encoded));
  return [...new Set(places)].sort();
}

/** The bytes of whatever holds the mark in another writing. */
function* encodedIn(text: string): Generator<Buffer> {
  for (const { 0: encoded, index } of text.matchAll(BASE64)) {
    let from = index;
    // Backwards from the mark: a pattern that begins with "any digits" would try them at each place of a long text.
    while (BASE64_DIGIT.test(text.charAt(from - 1))) from--;
    yield Buffer.from(text.slice(from, index + encoded.length), "base64");
  }
  for (const [encoded] of text.matchAll(HEX)) yield Buffer.from(encoded, "hex");
}

/** The digits that depend on the mark alone when this many bytes stand before it in its group. */
function base64Within(before: number): string {
  const digits = Buffer.from("\0".repeat(before) + MARK).toString("base64");
  return digits.slice(Math.ceil((before * 8) / 6), Math.floor(((before + MARK.length) * 8) / 6));
}
