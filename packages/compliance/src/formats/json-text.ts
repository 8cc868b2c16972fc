/** What `JSON.stringify` leaves as it is, and some readers take for the end of a line or for an order to a terminal. */
const LEFT_OVER = /[\u007f-\u009f\u2028\u2029]/g;
const ANY_LEFT_OVER = /[\u007f-\u009f\u2028\u2029]/;
/** How `JSON.stringify` writes half a surrogate pair, and also a backslash before such words. */
const LONE_SURROGATE = /\\ud[89a-f]/i;

/**
 * A value as one line of JSON without any control character in it. Half a surrogate pair becomes U+FFFD: readers refuse a whole line for
 * its escape.
 */
export function jsonText(value: object): string {
  let text = JSON.stringify(value);
  if (LONE_SURROGATE.test(text)) text = JSON.stringify(value, wellFormed);
  return withoutControls(text);
}

/** JSON with what is left of control characters escaped. */
export function withoutControls(text: string): string {
  if (!ANY_LEFT_OVER.test(text)) return text;
  return text.replaceAll(LEFT_OVER, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}
