import canonicalize from "canonicalize";

/**
 * Canonical JSON (RFC 8785) of plain data. A lone surrogate, which has no UTF-8, becomes U+FFFD.
 * @throws Error when a number is not finite.
 */
export function canonicalJson(value: object): string {
  try {
    return textOf(value);
  } catch {
    // Records of the gateway are well-formed, so that looking through them each time would be for nothing.
    return textOf(wellFormed(value));
  }
}

function textOf(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("not JSON");
  return text;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), wellFormed(each)]));
}
