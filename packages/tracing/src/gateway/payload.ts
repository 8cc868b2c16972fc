import { createHmac } from "node:crypto";
import {
  type CallFinished,
  HANGAR_ATTRIBUTES as HANGAR,
  isSecretKey,
  OTEL_ATTRIBUTES as OTEL,
  REDACTED,
  redactText,
  type Sensitive,
  type SpanAttributes,
} from "@mcp-hangar/telemetry";
import canonicalize from "canonicalize";

/** What of a call's payload its span may show. */
export interface PayloadOptions {
  readonly captureArguments: boolean;
  readonly captureResults: boolean;
  /** Characters of either that are kept. */
  readonly captureCharsMax: number;
  /** Key of the digest of arguments; there is none without. */
  readonly argsHashKey: string | undefined;
}

/** The payload of a call, held until its span is made. */
export type Payload = Pick<CallFinished, "arguments" | "result">;

/** Bytes of a request beyond which its arguments are not digested: canonical JSON of more takes long. */
const HASHED_BYTES_MAX = 65_536;
/** Bytes of a result beyond which it is not parsed in order to hide values by their keys; what its text shows is searched all the same. */
const PARSED_BYTES_MAX = 65_536;

/** The digest that recognises equal arguments, and what of arguments and result was asked for, redacted and cut. */
export function payloadAttributes(
  payload: Payload,
  requestBytes: number | undefined,
  options: PayloadOptions,
): SpanAttributes {
  const { captureArguments, captureResults, captureCharsMax, argsHashKey } = options;
  const attributes: Record<string, string> = {};
  if (argsHashKey !== undefined && requestBytes !== undefined && requestBytes <= HASHED_BYTES_MAX) {
    const canonical = canonicalize(open(payload.arguments, true) ?? {});
    if (canonical !== undefined) {
      attributes[HANGAR.toolArgsHash] = createHmac("sha256", argsHashKey).update(canonical).digest("hex");
    }
  }
  const args = open(payload.arguments, captureArguments);
  if (args !== undefined) attributes[OTEL.genAiToolCallArguments] = shownJson(args, captureCharsMax);
  const result = payload.result === undefined ? undefined : open(payload.result, captureResults);
  if (result !== undefined) attributes[OTEL.genAiToolCallResult] = shownResult(result, captureCharsMax);
  return attributes;
}

function open(value: Sensitive<unknown>, capture: boolean): unknown {
  return value.reveal({ exporter: "otlp_traces", capture });
}

/** A result of the gateway is held parsed (`value`) or as the bytes that it came as. */
function shownResult(result: unknown, charsMax: number): string {
  if (typeof result !== "object" || result === null || !("bytes" in result)) return shownJson(result, charsMax);
  const { bytes } = result;
  if (!Buffer.isBuffer(bytes)) return shownJson("value" in result ? result.value : {}, charsMax);
  if (bytes.length <= PARSED_BYTES_MAX) return shownJson(JSON.parse(bytes.toString("utf8")), charsMax);
  // Four bytes a character at most, and what the search for secrets looks at behind the cut.
  return redactText(bytes.toString("utf8", 0, 4 * (charsMax + 1_024)), charsMax);
}

function shownJson(value: unknown, charsMax: number): string {
  const text = JSON.stringify(value, (key, member: unknown) => (isSecretKey(key) ? REDACTED : member));
  return redactText(text, charsMax);
}
