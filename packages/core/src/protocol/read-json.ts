import { isUtf8 } from "node:buffer";
import type { JsonValue } from "./json-rpc.ts";
import { JsonScan, type ScanOutcome } from "./json-scan.ts";
import { isNestedTooDeep, NESTING_MAX } from "./nesting.ts";
import { parseJson } from "./parse-json.ts";

/** Values and names that a document may have to be built: building more holds the event loop for too long. */
export const VALUES_MAX = 250_000;
/** Documents below this size are built at once: they cannot have enough values to take long. */
export const SCAN_FROM_BYTES = 256 * 1024;

/** A document that came from outside, or what is wrong with it, as a clause. */
export type ReadJson = { readonly kind: "value"; readonly value: JsonValue } | InvalidJson;

export interface InvalidJson {
  readonly kind: "invalid";
  /** Whether it is no JSON, or too much of it. */
  readonly problem: "syntax" | "size";
  readonly reason: string;
  /** What is too deep, where it was built nevertheless. */
  readonly value?: JsonValue;
}

/** Reads JSON from outside within limits: UTF-8, depth, and how much it would be. Never throws. */
export function readJson(bytes: Buffer): ReadJson {
  if (!isUtf8(bytes)) return invalidJson("it is not valid UTF-8");
  if (bytes.length < SCAN_FROM_BYTES) return buildJson(bytes);
  const scan = new JsonScan(bytes, VALUES_MAX);
  return scannedProblem(scan.run(Number.POSITIVE_INFINITY), scan) ?? buildJson(bytes);
}

/** What keeps a scanned document from being built; `undefined` when nothing does. */
export function scannedProblem(outcome: ScanOutcome, { values }: JsonScan): InvalidJson | undefined {
  if (outcome === "too deep") return tooDeep();
  if (outcome === "too much" || (outcome === "valid" && values > VALUES_MAX)) {
    return { kind: "invalid", problem: "size", reason: `it holds more than ${VALUES_MAX} values and names` };
  }
  return outcome === "valid" ? undefined : invalidJson("it is not valid JSON");
}

/** Builds a document of UTF-8. */
export function buildJson(bytes: Buffer): ReadJson {
  // A server can write a hundred thousand lines a second that are no JSON, and a stack that nobody reads takes several times as long
  // as finding that out.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    // What JSON.parse returns is JSON.
    const value = parseJson(bytes.toString("utf8")) as JsonValue;
    return isNestedTooDeep(value, bytes.length) ? { ...tooDeep(), value } : { kind: "value", value };
  } catch {
    return invalidJson("it is not valid JSON");
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function tooDeep(): InvalidJson {
  return { kind: "invalid", problem: "size", reason: `it is nested deeper than ${NESTING_MAX} levels` };
}

function invalidJson(reason: string): InvalidJson {
  return { kind: "invalid", problem: "syntax", reason };
}
