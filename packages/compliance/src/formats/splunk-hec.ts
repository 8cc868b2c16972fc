import type { AuditEntry } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import { flatEntry } from "./json-lines.ts";
import { jsonText } from "./json-text.ts";

/** Where Splunk is to put the records; what is absent is the token's default. */
export interface SplunkHecOptions {
  /** The gateway's instance by default. */
  readonly host?: string;
  readonly source?: string;
  readonly sourcetype?: string;
  readonly index?: string;
}

/** An event of Splunk's HTTP Event Collector. Many of them follow one another in one body, with or without line breaks between them. */
export class SplunkHecFormat implements AuditFormat {
  readonly name = "splunk-hec";
  readonly mediaType = "application/json";
  readonly #options: SplunkHecOptions;

  constructor(options: SplunkHecOptions = {}) {
    this.#options = options;
  }

  encode(entry: AuditEntry): string {
    const { record } = entry;
    const { host = record.instance, source = "mcp-hangar", sourcetype = "mcp_hangar:audit", index } = this.#options;
    const ms = Date.parse(record.time);
    return jsonText({
      ...(Number.isNaN(ms) ? {} : { time: ms / 1_000 }),
      host,
      source,
      sourcetype,
      ...(index !== undefined && { index }),
      event: flatEntry(entry),
      // Indexed, so that searches for them read no event that does not match.
      fields: { type: record.type, code: record.code, outcome: record.outcome, severity: record.severity },
    });
  }
}
