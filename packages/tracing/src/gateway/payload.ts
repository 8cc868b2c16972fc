import { argsHash, isHashed, type KeyedHash } from "@mcp-hangar/delivery";
import {
  type AttributeList,
  type CallFinished,
  HANGAR_ATTRIBUTES as HANGAR,
  OTEL_ATTRIBUTES as OTEL,
  payloadText,
  redactText,
  type Sensitive,
} from "@mcp-hangar/telemetry";

/** What of a call's payload its span may show. */
export interface PayloadOptions {
  readonly captureArguments: boolean;
  readonly captureResults: boolean;
  /** Characters of either that are kept. */
  readonly captureCharsMax: number;
  /** Key of the digest of arguments; there is none without. */
  readonly argsHashKey: string | undefined;
}

/** The same, with what digests arguments in the place of its key. */
export interface PayloadSettings extends Omit<PayloadOptions, "argsHashKey"> {
  readonly hash: KeyedHash | undefined;
}

/** What of the payload of a call is wanted, held until its span is made. */
export interface Payload {
  readonly arguments: Sensitive<unknown> | undefined;
  readonly result: Sensitive<unknown> | undefined;
  /** What the request took, if it left the gateway. */
  readonly requestBytes: number | undefined;
  /** Bytes that are held, by the sizes of the messages. */
  readonly bytes: number;
}

/** Bytes of a result beyond which it is not parsed in order to hide values by their keys; what its text shows is searched all the same. */
const PARSED_BYTES_MAX = 65_536;

/** What is assumed of a message that never reached a server, so that nobody has measured it. */
const UNMEASURED_BYTES = 256 * 1024;

/** What of the payload is wanted; everything else is let go with the event. */
export function heldPayload(
  { arguments: args, result, attempts }: Pick<CallFinished, "arguments" | "result" | "attempts">,
  { captureArguments, captureResults, hash }: PayloadSettings,
): Payload | undefined {
  const { requestBytes, responseBytes } = attempts.at(-1) ?? {};
  const holdsArguments = captureArguments || (hash !== undefined && isHashed(requestBytes));
  const holdsResult = captureResults && result !== undefined;
  if (!holdsArguments && !holdsResult) return undefined;
  const ofArguments = holdsArguments ? (requestBytes ?? UNMEASURED_BYTES) : 0;
  const ofResult = holdsResult ? (responseBytes ?? UNMEASURED_BYTES) : 0;
  return {
    arguments: holdsArguments ? args : undefined,
    result: holdsResult ? result : undefined,
    requestBytes,
    bytes: ofArguments + ofResult,
  };
}

/** Puts the digest that recognises equal arguments, and what of arguments and result was asked for, redacted and cut. */
export function putPayload(to: AttributeList, payload: Payload, settings: PayloadSettings): void {
  const { captureArguments, captureResults, captureCharsMax, hash } = settings;
  const { requestBytes } = payload;
  if (hash !== undefined && isHashed(requestBytes)) {
    to.put(HANGAR.toolArgsHash, argsHash(payload.arguments, hash));
  }
  const args = open(payload.arguments, captureArguments);
  if (args !== undefined) to.put(OTEL.genAiToolCallArguments, shownJson(args, captureCharsMax));
  const result = open(payload.result, captureResults);
  if (result !== undefined) to.put(OTEL.genAiToolCallResult, shownResult(result, captureCharsMax));
}

function open(value: Sensitive<unknown> | undefined, capture: boolean): unknown {
  return value?.reveal({ exporter: "otlp_traces", capture });
}

/** A result of the gateway is held parsed (`value`) or as the bytes that it came as. */
function shownResult(result: unknown, charsMax: number): string {
  if (typeof result !== "object" || result === null || !("bytes" in result)) return shownJson(result, charsMax);
  const { bytes } = result;
  const isParsed = Buffer.isBuffer(bytes) && bytes.length <= PARSED_BYTES_MAX;
  return shownJson(isParsed ? JSON.parse(bytes.toString("utf8")) : result, charsMax);
}

/** The text is searched once more as a whole: a name and its value may give a secret away that neither does alone. */
function shownJson(value: unknown, charsMax: number): string {
  return redactText(payloadText(value, charsMax), charsMax);
}
