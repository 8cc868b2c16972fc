import { isUtf8 } from "node:buffer";
import {
  isJsonObject,
  type JsonObject,
  type JsonRpcErrorObject,
  type JsonRpcId,
  type JsonValue,
  RPC,
} from "./json-rpc.ts";
import { JsonScan, type ScanOutcome, type ValueRange } from "./json-scan.ts";
import { buildJson, type ReadJson, SCAN_FROM_BYTES, scannedProblem, VALUES_MAX } from "./read-json.ts";
import { ResultPayload } from "./result-payload.ts";
import { spliceResponse } from "./splice-response.ts";

/** One JSON-RPC message from a peer, with its envelope checked and its payload untouched. */
export type IncomingMessage =
  | { readonly kind: "response"; readonly id: JsonRpcId; readonly result: ResultPayload }
  /** `id` is null when the peer could not tell which request it refuses. */
  | { readonly kind: "error"; readonly id: JsonRpcId | null; readonly error: JsonRpcErrorObject }
  | {
      readonly kind: "request";
      readonly id: JsonRpcId;
      readonly method: string;
      /** `{}` when the message has none. */
      readonly params: JsonObject;
    }
  | { readonly kind: "notification"; readonly method: string; readonly params: JsonObject }
  | InvalidMessage;

/** Several messages in one array, as revision 2025-03-26 has them; never empty, and none of them is a batch. */
export interface MessageBatch {
  readonly kind: "batch";
  readonly messages: readonly IncomingMessage[];
}

/** Bytes that are no JSON-RPC message of MCP. */
export interface InvalidMessage {
  readonly kind: "invalid";
  /** What is wrong, as a clause without a full stop: "the body is not valid JSON". */
  readonly reason: string;
  /** What to answer with, should the sender expect an answer. */
  readonly code: typeof RPC.parseError | typeof RPC.invalidRequest;
  /** The id of the message where it has a usable one, so that a waiting request can be failed and not time out. */
  readonly id: JsonRpcId | undefined;
  /** The request that it tries to answer: it has that id and no method, and is JSON-RPC or has a result or an error. Log lines have ids, too. */
  readonly answers: JsonRpcId | undefined;
}

/** From here on a parse followed by a rebuild costs more than finding the result inside the bytes. */
const SPLICE_FROM_BYTES = 8 * 1024;
/** From here on scanning a response costs less than a parse: most bytes of what is large are text, which need not be copied. */
const RELAYED_SCAN_FROM_BYTES = 64 * 1024;
/** Messages from this size on are scanned in slices, between which others have their turn. */
export const LARGE_MESSAGE_BYTES = 1024 * 1024;
/** Bytes of one slice: some 10 ms for the most expensive JSON. */
const SLICE_BYTES = 256 * 1024;

/**
 * Reads one JSON-RPC message of MCP, or a batch of them: in UTF-8, with or without a byte order mark. Never throws.
 * The bytes of a large response that is `relayed` are not copied: its result stays a view of `text`, which must not be reused.
 */
export function decodeMessage(text: Buffer, relayed = true): IncomingMessage | MessageBatch {
  const bytes = withoutMark(text);
  if (!isUtf8(bytes)) return invalid("it is not valid UTF-8", RPC.parseError);
  if (bytes.length >= (relayed ? RELAYED_SCAN_FROM_BYTES : SCAN_FROM_BYTES)) {
    // What is not relayed has to be built, so that there is no use in reading on when it is too much.
    const scan = new JsonScan(bytes, relayed ? Number.POSITIVE_INFINITY : VALUES_MAX);
    return decodeScanned(bytes, scan, { outcome: scan.run(Number.POSITIVE_INFINITY), relayed });
  }
  if (relayed && bytes.length >= SPLICE_FROM_BYTES) {
    const spliced = spliceResponse(bytes);
    if (spliced !== undefined) {
      return { kind: "response", id: spliced.id, result: ResultPayload.ofJson(spliced.json, spliced.summary) };
    }
  }
  return readDocument(buildJson(bytes));
}

/**
 * As {@link decodeMessage}, for a message of {@link LARGE_MESSAGE_BYTES} or more that is relayed: it is read in slices, and
 * `inNextTurn` has others served in between. Never rejects.
 */
export async function decodeLargeMessage(
  text: Buffer,
  inNextTurn: (resume: () => void) => void,
): Promise<IncomingMessage | MessageBatch> {
  const bytes = withoutMark(text);
  if (!isUtf8(bytes)) return invalid("it is not valid UTF-8", RPC.parseError);
  const scan = new JsonScan(bytes);
  let outcome = scan.run(SLICE_BYTES);
  while (outcome === "more") {
    await new Promise<void>((resolve) => inNextTurn(resolve));
    outcome = scan.run(scan.bytesRead + SLICE_BYTES);
  }
  return decodeScanned(bytes, scan, { outcome, relayed: true });
}

function withoutMark(text: Buffer): Buffer {
  const marked = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf;
  return marked ? text.subarray(3) : text;
}

/** Bytes of a value of the envelope, and of a `_meta`, that are read. */
const ENVELOPE_VALUE_BYTES_MAX = 1_024;
const META_BYTES_MAX = 16 * 1024;

function decodeScanned(
  bytes: Buffer,
  scan: JsonScan,
  { outcome, relayed }: { readonly outcome: ScanOutcome; readonly relayed: boolean },
): IncomingMessage | MessageBatch {
  const read = (range: ValueRange | undefined, bytesMax = ENVELOPE_VALUE_BYTES_MAX): JsonValue | undefined => {
    if (range === undefined || range.end - range.start > bytesMax) return undefined;
    const json = buildJson(bytes.subarray(range.start, range.end));
    return json.kind === "value" ? json.value : undefined;
  };
  const result = scan.member("result");
  const id = read(scan.member("id"));
  const alone = scan.member("method") === undefined && scan.member("error") === undefined;
  const wellFormed = read(scan.member("jsonrpc")) === "2.0" && id !== undefined && id !== null && isId(id);
  if (relayed && outcome === "valid" && result !== undefined && alone && wellFormed && bytes[result.start] === 0x7b) {
    const resultType = read(scan.memberOfResult("resultType"));
    const metaRange = scan.memberOfResult("_meta");
    const meta = read(metaRange, META_BYTES_MAX);
    const json = onOneLine(bytes.subarray(result.start, result.end));
    const summary = {
      isError: read(scan.memberOfResult("isError")) === true,
      resultType: typeof resultType === "string" ? resultType : undefined,
      hasMeta: metaRange !== undefined,
      meta: isJsonObject(meta) ? meta : undefined,
      mayLink: scan.namesResource,
      hasTask: scan.memberOfResult("task") !== undefined,
    };
    return { kind: "response", id, result: ResultPayload.ofJson(json, summary) };
  }
  const problem = scannedProblem(outcome, scan);
  if (problem === undefined) return readDocument(buildJson(bytes));
  const answers = scan.member("method") === undefined && (result !== undefined || scan.member("error") !== undefined);
  return readDocument(problem, { id, answers });
}

/** Line breaks of valid JSON stand between tokens only, and would end the frame of a line protocol or of an event stream. */
function onOneLine(json: Buffer): Buffer {
  for (const lineBreak of [0x0a, 0x0d]) {
    for (let at = json.indexOf(lineBreak); at !== -1; at = json.indexOf(lineBreak, at + 1)) json[at] = 0x20;
  }
  return json;
}

/** What is known of a message that cannot be read. */
interface Sight {
  readonly id: JsonValue | undefined;
  /** Whether it tries to be an answer. */
  readonly answers: boolean;
}

function readDocument(json: ReadJson, sight?: Sight): IncomingMessage | MessageBatch {
  if (json.kind === "invalid") {
    const code = json.problem === "syntax" ? RPC.parseError : RPC.invalidRequest;
    return invalid(json.reason, code, isJsonObject(json.value) ? sightOf(json.value) : sight);
  }
  const { value } = json;
  if (!Array.isArray(value)) return readElement(value);
  return value.length === 0 ? invalid("it is an empty batch") : { kind: "batch", messages: value.map(readElement) };
}

function readElement(value: JsonValue): IncomingMessage {
  return isJsonObject(value) ? readEnvelope(value) : invalid("it is not a JSON object");
}

function sightOf({ jsonrpc, id, method, result, error }: JsonObject): Sight {
  return { id, answers: method === undefined && (jsonrpc === "2.0" || result !== undefined || error !== undefined) };
}

function readEnvelope(message: JsonObject): IncomingMessage {
  const { id, method, params } = message;
  const wrong = (reason: string): InvalidMessage => invalid(reason, RPC.invalidRequest, sightOf(message));
  if (message.jsonrpc !== "2.0") return wrong('"jsonrpc" is not "2.0"');
  if (id !== undefined && id !== null && !isId(id)) return invalid('"id" is neither a string nor a number');
  // JSON-RPC 1.0 had both members in every response, one of them null, and some libraries have them still.
  const error = message.error === null && message.result !== undefined ? undefined : message.error;
  const result = message.result === null && error !== undefined ? undefined : message.result;
  if (method !== undefined) {
    if (typeof method !== "string") return wrong('"method" is not a string');
    if (result !== undefined || error !== undefined) return wrong("it is both a request and a response");
    if (params !== undefined && !isJsonObject(params)) return wrong('"params" is not an object');
    if (id === null) return invalid('the "id" of a request is null');
    if (id === undefined) return { kind: "notification", method, params: params ?? {} };
    return { kind: "request", id, method, params: params ?? {} };
  }
  if (result !== undefined) {
    if (error !== undefined) return wrong('it has both "result" and "error"');
    if (id === undefined || id === null) return invalid('a response has no "id"');
    if (!isJsonObject(result)) return wrong('"result" is not an object');
    return { kind: "response", id, result: ResultPayload.ofValue(result) };
  }
  if (error !== undefined) {
    if (!isErrorObject(error)) return wrong('"error" lacks an integer "code" or a string "message"');
    return { kind: "error", id: id ?? null, error };
  }
  return wrong('it has neither "method" nor "result" nor "error"');
}

function isId(id: JsonValue): id is JsonRpcId {
  // `1e999` is valid JSON and becomes Infinity, which no peer could get back.
  return typeof id === "string" || (typeof id === "number" && Number.isFinite(id));
}

function isErrorObject(error: JsonValue): error is JsonObject & JsonRpcErrorObject {
  return isJsonObject(error) && Number.isInteger(error.code) && typeof error.message === "string";
}

function invalid(reason: string, code: InvalidMessage["code"] = RPC.invalidRequest, sight?: Sight): InvalidMessage {
  const id = sight?.id !== undefined && isId(sight.id) ? sight.id : undefined;
  return { kind: "invalid", reason, code, id, answers: sight?.answers === true ? id : undefined };
}
