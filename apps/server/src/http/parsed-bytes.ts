/** What V8 takes for a list or an object, and for its place in the one around it, in bytes: an empty list takes 54 in all. */
const BYTES_A_MARK = 48;

const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;

/**
 * About how many bytes JSON takes as it came and parsed, together. A list of empty lists grows to twenty times its text, so the text
 * says little. Every comma, bracket and brace counts, those in strings as well: what matters is that none is forgotten.
 */
export function parsedBytes(json: Buffer): number {
  let marks = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === COMMA || byte === OPEN_LIST || byte === OPEN_OBJECT) marks++;
  }
  return json.length + marks * BYTES_A_MARK;
}
