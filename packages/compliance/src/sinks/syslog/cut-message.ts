/** Stands at the end of a message that was cut. */
export const CUT_MARK = " [cut]";

/**
 * A syslog message of at most so many bytes. What is left of a longer one is a message all the same: the header stays, an element of
 * structured data stays whole or goes, and the text ends with `CUT_MARK` between two characters. Only RFC 5424 is known; of anything
 * else the end is cut.
 */
export function cutMessage(message: string, bytesMax: number): string {
  // No character takes more than three bytes for each of its units.
  if (message.length * 3 <= bytesMax || Buffer.byteLength(message) <= bytesMax) return message;
  const head = HEADER.exec(message)?.[0] ?? "";
  const data = structuredDataIn(message.slice(head.length));
  const room = bytesMax - CUT_MARK.length;
  if (head === "" || data === undefined || Buffer.byteLength(head) + 1 > room) return cutText(message, room) + CUT_MARK;
  let kept = "";
  for (const element of data.elements) {
    if (Buffer.byteLength(head) + Buffer.byteLength(kept) + Buffer.byteLength(element) > room) break;
    kept += element;
  }
  return cutText(`${head}${kept === "" ? "-" : kept}${data.rest}`, room) + CUT_MARK;
}

/** `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID `, of RFC 5424. */
const HEADER = /^<\d{1,3}>1 (?:[\x21-\x7e]+ ){5}/;
/** An element of structured data: a value holds `"`, `\` and `]` only behind a backslash. */
const ELEMENT =
  /\[[\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]+(?: [\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]+="(?:[^"\\\]]|\\[\s\S])*")*\]/y;

/** The elements that a text begins with, and what follows them; `undefined` when it begins with no structured data. */
function structuredDataIn(text: string): { readonly elements: readonly string[]; readonly rest: string } | undefined {
  if (text.startsWith("-")) return { elements: [], rest: text.slice(1) };
  const elements: string[] = [];
  let end = 0;
  for (;;) {
    ELEMENT.lastIndex = end;
    const element = ELEMENT.exec(text)?.[0];
    if (element === undefined) break;
    elements.push(element);
    end += element.length;
  }
  return elements.length === 0 ? undefined : { elements, rest: text.slice(end) };
}

/** As much of a text as so many bytes hold, without a torn character. */
function cutText(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = Math.max(0, bytesMax);
  // A byte that continues a character is 10xxxxxx.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}
