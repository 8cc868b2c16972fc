import { isJsonObject, type JsonRpcId } from "./json-rpc.ts";
import { isNestedTooDeep } from "./nesting.ts";
import { type ResultSummary, summarise } from "./result-payload.ts";

/** Where the result of a response lies in its bytes. */
export interface SplicedResponse {
  readonly id: JsonRpcId;
  /** Exactly one JSON object without raw line breaks. */
  readonly json: Buffer;
  readonly summary: ResultSummary;
}

/** Longest envelope that is looked for on either side of a result. */
const ENVELOPE_BYTES_MAX = 256;

/** Integers that a double holds, and strings of printable ASCII without escapes; other ids take the long way. */
const ID = String.raw`(?:-?(?:0|[1-9]\d{0,14})|"[ !#-\[\]-~]{0,128}")`;
const HEAD = new RegExp(String.raw`^\{((?:(?:"jsonrpc":"2\.0"|"id":${ID}),)*)"result":(?=\{)`);
const TAIL = new RegExp(String.raw`((?:,(?:"jsonrpc":"2\.0"|"id":${ID}))*)\}[\r\n\t ]*$`);
const MEMBERS = new RegExp(String.raw`^,*(?:"jsonrpc":"2\.0",+"id":(${ID})|"id":(${ID}),+"jsonrpc":"2\.0"),*$`);

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Cuts the result out of a response that is written the way JSON libraries write it, so that it can be relayed as it
 * came. `undefined` when the bytes look any other way; the caller then parses them as a whole.
 *
 * Why it is sound: head and tail are matched in full and hold `jsonrpc` and `id` once each, and the bytes between them
 * parse as one JSON object. So the message is one JSON object with exactly three members, and no duplicate key, no
 * further member and no second document can hide in it.
 */
export function spliceResponse(bytes: Buffer): SplicedResponse | undefined {
  const head = HEAD.exec(bytes.toString("latin1", 0, ENVELOPE_BYTES_MAX));
  if (head === null) return undefined;
  const tail = TAIL.exec(bytes.toString("latin1", Math.max(head[0].length, bytes.length - ENVELOPE_BYTES_MAX)));
  if (tail === null) return undefined;
  const members = MEMBERS.exec(`${head[1]}${tail[1]}`);
  const id = members?.[1] ?? members?.[2];
  if (id === undefined) return undefined;
  const json = bytes.subarray(head[0].length, bytes.length - tail[0].length);
  // Line breaks between tokens are valid JSON, but would end the frame of a line protocol or of an event stream.
  if (json.includes(LINE_FEED) || json.includes(CARRIAGE_RETURN)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || isNestedTooDeep(value, json.length)) return undefined;
  return { id: JSON.parse(id) as JsonRpcId, json, summary: summarise(value) };
}
