import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from "../protocol/json-bytes.ts";
import type { JsonValue } from "../protocol/json-rpc.ts";
import { parseJson } from "../protocol/parse-json.ts";
import type { ResultPayload } from "../protocol/result-payload.ts";

/** One page of a list. */
export interface ListPage {
  /** Parsed one by one as they are asked for, so that a long page can be read in turns. */
  readonly items: Iterable<JsonValue>;
  readonly nextCursor: JsonValue | undefined;
  /** How long the server says that the list may be kept, in milliseconds. */
  readonly ttlMs: JsonValue | undefined;
}

/** Pages of fewer bytes are parsed at once: reading them in pieces would not be noticed. */
const PIECEWISE_FROM_BYTES = 64 * 1024;

/** Reads a page of the list that the result has under `key`; `undefined` when there is no array. */
export function readListPage(result: ResultPayload, key: string): ListPage | undefined {
  const { bytes } = result;
  if (bytes === undefined || bytes.length < PIECEWISE_FROM_BYTES) {
    const { [key]: items, nextCursor, ttlMs } = result.value;
    return Array.isArray(items) ? { items, nextCursor, ttlMs } : undefined;
  }
  // The decoder has seen that the bytes are one JSON object: what follows only finds where its parts are.
  const members = membersOf(bytes);
  const array = members.get(key);
  if (array === undefined || bytes[array.start] !== OPEN_LIST) return undefined;
  const member = (name: string): JsonValue | undefined => {
    const span = members.get(name);
    return span === undefined ? undefined : parsed(bytes, span);
  };
  return { items: itemsOf(bytes, array), nextCursor: member("nextCursor"), ttlMs: member("ttlMs") };
}

/** A part of the bytes. */
interface Span {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** The values of an object by their keys; of one key that is there twice the last counts, as for any parser. */
function membersOf(bytes: Buffer): ReadonlyMap<string, Span> {
  const members = new Map<string, Span>();
  let at = skip(bytes, 1);
  while (bytes[at] === QUOTE) {
    const key = { start: at, end: endOf(bytes, at) };
    const start = skip(bytes, key.end);
    const end = endOf(bytes, start);
    members.set(parsed(bytes, key) as string, { start, end }); // It stands in quotes.
    at = skip(bytes, end);
  }
  return members;
}

function* itemsOf(bytes: Buffer, array: Span): Iterable<JsonValue> {
  let start = skip(bytes, array.start + 1);
  while (start < array.end - 1) {
    const end = endOf(bytes, start);
    yield parsed(bytes, { start, end });
    start = skip(bytes, end);
  }
}

function parsed(bytes: Buffer, { start, end }: Span): JsonValue {
  // A part of valid JSON from the first to the last byte of a value is a value.
  return parseJson(bytes.toString("utf8", start, end)) as JsonValue;
}

/** Where the next value begins: behind blanks, commas and colons. */
function skip(bytes: Buffer, from: number): number {
  let at = from;
  while (isBetween(bytes[at])) at++;
  return at;
}

function isBetween(byte: number | undefined): boolean {
  return byte === COMMA || byte === COLON || (byte !== undefined && byte <= 0x20);
}

/** Where the value that begins at `from` has ended. */
function endOf(bytes: Buffer, from: number): number {
  const first = bytes[from];
  if (first === QUOTE) return endOfText(bytes, from);
  let at = from;
  if (first !== OPEN_LIST && first !== OPEN_OBJECT) {
    while (at < bytes.length && !isBetween(bytes[at]) && bytes[at] !== CLOSE_LIST && bytes[at] !== CLOSE_OBJECT) at++;
    return at;
  }
  for (let depth = 0; at < bytes.length; ) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfText(bytes, at);
      continue;
    }
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
    else if ((byte === CLOSE_LIST || byte === CLOSE_OBJECT) && --depth === 0) return at + 1;
    at++;
  }
  return at;
}

function endOfText(bytes: Buffer, quote: number): number {
  let at = quote + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}
