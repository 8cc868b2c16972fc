import type { AuditEntry, TextBytes } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import { jsonText, withoutControls } from "./json-text.ts";

/** One JSON object a line: the record as its schema describes it, and its place in the journal as `sequence` and `hash`. */
export class JsonLinesFormat implements AuditFormat {
  readonly name = "json-lines";
  readonly mediaType = "application/x-ndjson";

  encode(entry: AuditEntry): string {
    return entry.json === undefined ? jsonText(flatEntry(entry)) : withoutControls(entry.json.toString());
  }

  written({ json }: AuditEntry): TextBytes | undefined {
    return json?.isPlain === true ? json : undefined;
  }
}

/** A record and its place in one object. */
export function flatEntry({ record, place }: AuditEntry): object {
  return place === undefined ? record : { ...record, sequence: place.sequence, hash: place.hash };
}
