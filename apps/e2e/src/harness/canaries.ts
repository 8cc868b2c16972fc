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
/** Base64 of the mark, wherever it begins within a group of three bytes, and hexadecimal digits of it. */
const ENCODED: readonly (readonly [encoding: "base64" | "hex", pattern: RegExp])[] = [
  ["base64", new RegExp(`[\\w+/-]*(?:${[0, 1, 2].map(base64Within).join("|")})[\\w+/-]*`, "g")],
  ["hex", new RegExp(`${Buffer.from(MARK).toString("hex")}[0-9a-f]*`, "gi")],
];

/** The places of all canaries in some bytes, as they are or encoded, sorted, each once. */
export function canariesIn(bytes: Buffer | string): readonly string[] {
  const text = typeof bytes === "string" ? bytes : bytes.toString("latin1");
  const places = [...text.matchAll(PLAIN)].map(([, place = ""]) => place.replace(/-$/, ""));
  for (const [encoding, pattern] of ENCODED) {
    for (const [encoded] of text.matchAll(pattern)) places.push(...canariesIn(Buffer.from(encoded, encoding)));
  }
  return [...new Set(places)].sort();
}

/** The digits that depend on the mark alone when this many bytes stand before it in its group. */
function base64Within(before: number): string {
  const digits = Buffer.from("\0".repeat(before) + MARK).toString("base64");
  return digits.slice(Math.ceil((before * 8) / 6), Math.floor(((before + MARK.length) * 8) / 6));
}
