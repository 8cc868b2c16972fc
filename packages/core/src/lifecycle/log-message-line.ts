import { stripVTControlCharacters } from "node:util";
import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json-rpc.ts";

/** Characters of one line: as long as a line of stderr may be that people read. */
const LINE_CHARS_MAX = 2_000;
/** Values of a structured message that are looked at; a line has no room for more. */
const VALUES_MAX = 200;

/**
 * A log message of a server (`notifications/message`) as one line for the operator: `[log] warning db: connection lost`.
 * However large the message is, the work is bounded.
 */
export function logMessageLine({ level, logger, data }: JsonObject): string {
  const name = typeof logger === "string" ? ` ${logger.slice(0, LINE_CHARS_MAX)}` : "";
  const severity = typeof level === "string" ? level.slice(0, LINE_CHARS_MAX) : "unknown";
  const text = typeof data === "string" ? data.slice(0, LINE_CHARS_MAX) : structured(data);
  const line = `[log] ${severity}${name}: ${text}`.replaceAll(/[\r\n\u2028\u2029]+/g, " ");
  return stripVTControlCharacters(line.slice(0, LINE_CHARS_MAX));
}

/** `JSON.stringify` would write the whole of it before anything could be cut. */
function structured(data: JsonValue | undefined): string {
  const parts: string[] = [];
  let charsLeft = LINE_CHARS_MAX;
  let valuesLeft = VALUES_MAX;
  const put = (text: string): void => {
    parts.push(text);
    charsLeft -= text.length;
  };
  const write = (value: JsonValue | undefined): void => {
    if (valuesLeft-- <= 0 || charsLeft <= 0) return;
    if (typeof value === "string") put(JSON.stringify(value.slice(0, charsLeft)));
    else if (Array.isArray(value)) {
      put("[");
      for (const [index, item] of value.entries()) {
        if (valuesLeft <= 0 || charsLeft <= 0) break;
        if (index > 0) put(",");
        write(item);
      }
      put("]");
    } else if (isJsonObject(value)) {
      put("{");
      let isFirst = true;
      for (const key in value) {
        if (valuesLeft <= 0 || charsLeft <= 0) break;
        put(`${isFirst ? "" : ","}${JSON.stringify(key.slice(0, charsLeft))}:`);
        isFirst = false;
        write(value[key]);
      }
      put("}");
    } else put(JSON.stringify(value) ?? "");
  };
  write(data);
  return parts.join("");
}
