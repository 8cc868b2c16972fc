import { redactText } from "@mcp-hangar/telemetry";
import type { SendOutcome } from "../queue/send.ts";
import type { OtlpProtocol, OtlpSignal } from "./destination.ts";
import { bytesAt, numberAt } from "./protobuf-fields.ts";

/** Bytes of an answer that are read; it holds a number and a message. */
export const ANSWER_BYTES_MAX = 65_536;
/** Characters of what a collector says, in the message about it. */
const MESSAGE_CHARS_MAX = 300;
/** A rejected number is signed; one that is negative reads as one of these. */
const NEGATIVE_MIN = 2 ** 63;

/** The name of the count in JSON; in protobuf it has the same place in the answer of each signal. */
const REJECTED_IN_JSON: Readonly<Record<OtlpSignal, string>> = {
  logs: "rejectedLogRecords",
  traces: "rejectedSpans",
};

/**
 * What the answer of a collector that has taken the request means: it may have refused some of the records for good. An answer that
 * cannot be read takes nothing back.
 */
export function outcomeOfAnswer(bytes: Uint8Array, signal: OtlpSignal, protocol: OtlpProtocol): SendOutcome {
  const { rejected, says } = protocol === "http/json" ? readJson(bytes, signal) : readProtobuf(bytes);
  if (!(rejected > 0 && rejected < NEGATIVE_MIN)) return { kind: "delivered" };
  const message = `the collector rejected ${rejected} records: ${collectorSays(says)}`;
  return { kind: "partial", rejected, retry: [], reason: "rejected", message };
}

/** What a collector says, cut and without secrets. */
export function collectorSays(text: string): string {
  return redactText(text, MESSAGE_CHARS_MAX);
}

interface PartialSuccess {
  readonly rejected: number;
  readonly says: string;
}

const NOTHING: PartialSuccess = { rejected: 0, says: "" };

/** https://github.com/open-telemetry/opentelemetry-proto: `collector/logs/v1` and `collector/trace/v1`, field 1 of each `Export…Response`. */
function readProtobuf(bytes: Uint8Array): PartialSuccess {
  try {
    const partial = bytesAt(bytes, 1).at(-1);
    if (partial === undefined) return NOTHING;
    const says = bytesAt(partial, 2).at(-1);
    return { rejected: numberAt(partial, 1), says: says === undefined ? "" : Buffer.from(says).toString() };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return NOTHING;
  }
}

function readJson(bytes: Uint8Array, signal: OtlpSignal): PartialSuccess {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return NOTHING;
  }
  const partial = memberOf(answer, "partialSuccess");
  const says = memberOf(partial, "errorMessage");
  // In JSON, 64-bit numbers are texts.
  return {
    rejected: Number(memberOf(partial, REJECTED_IN_JSON[signal]) ?? 0),
    says: typeof says === "string" ? says : "",
  };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
