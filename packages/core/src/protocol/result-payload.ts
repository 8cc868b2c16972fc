import { isJsonObject, type JsonObject } from "./json-rpc.ts";
import { parseJson } from "./parse-json.ts";

/** What a relay has to know of a result without looking inside again. */
export interface ResultSummary {
  /** `isError: true` of a tool result: the tool ran and says that it failed. */
  readonly isError: boolean;
  /** `resultType` of the modern era; `undefined` when the result does not say. */
  readonly resultType: string | undefined;
  /** Whether there is a `_meta`. */
  readonly hasMeta: boolean;
  /** The `_meta`; `undefined` where there is none, or where it is too much to be read out of a large message. */
  readonly meta: JsonObject | undefined;
  /** Whether it may have a link to a resource, or one embedded; `undefined` when nobody has looked. */
  readonly mayLink?: boolean;
  /** Whether there is a `task`; `undefined` when nobody has looked. */
  readonly hasTask?: boolean;
}

/** Reads the summary off a parsed result. */
export function summarise(value: JsonObject): ResultSummary {
  const { isError, resultType, _meta: meta } = value;
  return {
    isError: isError === true,
    resultType: typeof resultType === "string" ? resultType : undefined,
    hasMeta: meta !== undefined,
    meta: isJsonObject(meta) ? meta : undefined,
  };
}

/**
 * The `result` of a JSON-RPC response on its way through. It is held as it came, parsed or as JSON bytes, and converted
 * only when somebody asks: a large result travels from socket to socket without being rebuilt.
 */
export class ResultPayload {
  readonly summary: ResultSummary;
  #value: JsonObject | undefined;
  readonly #json: Buffer | undefined;

  private constructor(summary: ResultSummary, value: JsonObject | undefined, json: Buffer | undefined) {
    this.summary = summary;
    this.#value = value;
    this.#json = json;
  }

  static ofValue(value: JsonObject): ResultPayload {
    return new ResultPayload(summarise(value), value, undefined);
  }

  /**
   * `json` must be the UTF-8 text of exactly one JSON object, without line breaks, and `summary` must be of it; the
   * decoder has checked both.
   */
  static ofJson(json: Buffer, summary: ResultSummary): ResultPayload {
    return new ResultPayload(summary, undefined, json);
  }

  /** A task in place of a result, as the legacy era has it: `resultType` is not among its members. */
  static ofTask(value: JsonObject): ResultPayload {
    return new ResultPayload({ ...summarise(value), resultType: "task" }, value, undefined);
  }

  /** The same without its content, for whoever has to know only how it ended. */
  emptied(): ResultPayload {
    return new ResultPayload(this.summary, {}, undefined);
  }

  /** The parsed object; parses once. */
  get value(): JsonObject {
    if (this.#value === undefined) {
      const parsed = parseJson(this.#json?.toString("utf8") ?? "{}");
      this.#value = isJsonObject(parsed) ? parsed : {};
    }
    return this.#value;
  }

  /** The bytes when the payload is held as bytes, else `undefined`: for relays that avoid a conversion. */
  get bytes(): Buffer | undefined {
    return this.#json;
  }

  get isError(): boolean {
    return this.summary.isError;
  }

  /** `resultType` of the modern era; a result that does not say is complete. */
  get resultType(): string {
    return this.summary.resultType ?? "complete";
  }
}
