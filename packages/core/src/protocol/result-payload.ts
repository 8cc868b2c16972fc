import { isJsonObject, type JsonObject } from "./json-rpc.ts";
import { parseJson } from "./parse-json.ts";

/**
 * The `result` of a JSON-RPC response on its way through. It is held as it came, parsed or as JSON bytes, and converted
 * only when somebody asks: a large result travels from socket to socket without being rebuilt.
 */
export class ResultPayload {
  #value: JsonObject | undefined;
  #json: Buffer | undefined;

  private constructor(value: JsonObject | undefined, json: Buffer | undefined) {
    this.#value = value;
    this.#json = json;
  }

  static ofValue(value: JsonObject): ResultPayload {
    return new ResultPayload(value, undefined);
  }

  /** `json` must be the UTF-8 text of exactly one JSON object, without line breaks; the decoder has checked it. */
  static ofJson(json: Buffer): ResultPayload {
    return new ResultPayload(undefined, json);
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

  /** `isError: true` of a tool result: the tool ran and says that it failed. */
  get isError(): boolean {
    // Inside JSON strings quotes are escaped, so these bytes can only be a key: parse only on a hit.
    if (this.#value === undefined && this.#json !== undefined && !this.#json.includes('"isError"')) return false;
    return this.value.isError === true;
  }

  /** `resultType` of the modern era; a result that does not say is complete. */
  get resultType(): string {
    if (this.#value === undefined && this.#json !== undefined && !this.#json.includes('"resultType"'))
      return "complete";
    const type = this.value.resultType;
    return typeof type === "string" ? type : "complete";
  }
}
