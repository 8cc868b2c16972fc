import type { AuditAttempt } from "@mcp-hangar/telemetry";
import type { FieldValue } from "./audit-fields.ts";

/**
 * A field as text. Entries of a list are separated by commas, with a backslash before a comma or backslash of their own; an attempt is
 * `server code milliseconds`, of which neither of the last two has a space.
 */
export function fieldText(value: FieldValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  let text = "";
  for (const [place, entry] of value.entries()) {
    const own = typeof entry === "string" ? entry : attemptText(entry);
    text += `${place === 0 ? "" : ","}${SEPARATORS.test(own) ? own.replaceAll(EACH_SEPARATOR, "\\$&") : own}`;
  }
  return text;
}

const SEPARATORS = /[\\,]/;
const EACH_SEPARATOR = /[\\,]/g;

function attemptText({ server, code, duration_ms }: AuditAttempt): string {
  return `${server} ${code} ${duration_ms}`;
}

/** The first `charsMax` code points of a text, so that no character is cut in two. */
export function cutCodePoints(text: string, charsMax: number): string {
  // No text has more code points than it has units.
  if (text.length <= charsMax) return text;
  let end = 0;
  for (let count = 0; count < charsMax && end < text.length; count += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xff_ff ? 2 : 1;
  }
  return text.slice(0, end);
}

/** C0, DEL, C1, and the separators of lines and paragraphs: all that may end a line or steer a terminal. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;
/** The same, and halves of surrogate pairs without the other. */
const UNUSUAL = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
const PICTURES = 0x24_00;
const PICTURE_OF_DELETE = "\u2421";
const PICTURE_OF_NEW_LINE = "\u2424";
const NO_PICTURE = "\ufffd";

/**
 * A well-formed text in which each control character is replaced by one that shows it, for formats that cannot escape them: `␊` for a
 * line feed, `␤` for U+0085, U+2028 and U+2029, `\ufffd` for the rest of C1. One code point becomes one.
 */
export function visibleText(text: string): string {
  // Nearly every text is that.
  if (!UNUSUAL.test(text)) return text;
  return text.toWellFormed().replaceAll(CONTROLS, (control) => {
    const code = control.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(PICTURES + code);
    if (code === 0x7f) return PICTURE_OF_DELETE;
    return code === 0x85 || code >= 0x20_28 ? PICTURE_OF_NEW_LINE : NO_PICTURE;
  });
}
