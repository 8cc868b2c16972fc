const SENTINEL_START = "=?base64?";
const SENTINEL_END = "?=";
/** Printable ASCII, with blanks only inside: what every HTTP implementation carries unchanged (RFC 9110, 5.5). */
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** Whether `value` can be a header value as it is. */
export function isPlainHeaderValue(value: string): boolean {
  return PLAIN.test(value);
}

/**
 * Writes a string from a JSON-RPC body as a header value. Revision 2026-07-28 wraps what is not plain ASCII, and what
 * looks wrapped already, as `=?base64?…?=` over the UTF-8 bytes.
 */
export function encodeHeaderValue(value: string): string {
  const looksWrapped = value.startsWith(SENTINEL_START) && value.endsWith(SENTINEL_END);
  if (PLAIN.test(value) && !looksWrapped) return value;
  return `${SENTINEL_START}${Buffer.from(value, "utf8").toString("base64")}${SENTINEL_END}`;
}

const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Reads what {@link encodeHeaderValue} has written; `undefined` when the wrapped part is malformed. */
export function decodeHeaderValue(value: string): string | undefined {
  const trimmed = value.trim();
  if (!trimmed.startsWith(SENTINEL_START) || !trimmed.endsWith(SENTINEL_END)) return trimmed;
  const encoded = trimmed.slice(SENTINEL_START.length, -SENTINEL_END.length);
  return CANONICAL_BASE64.test(encoded) ? Buffer.from(encoded, "base64").toString("utf8") : undefined;
}
