import type { Send, SendOutcome } from "@mcp-hangar/delivery";
import type { AuditRecord } from "@mcp-hangar/telemetry";
import type { AuditEntry, JournalPlace, TextBytes } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import type { AuditSink, SinkEntry } from "../sink.ts";
import { reasonText } from "./failure.ts";
import { LatestBatch } from "./latest-batch.ts";
import { refusedAlone } from "./refused-alone.ts";

export interface SendRecordsOptions {
  readonly sink: AuditSink;
  readonly format: AuditFormat;
  /** Records of which it says false are passed over, as if delivered; for sources that hold records of several sinks. */
  readonly accepts?: (record: AuditRecord) => boolean;
}

/** A batch as the sink gets it. */
interface Encoded {
  readonly entries: readonly SinkEntry[];
  /** Their places in the batch. */
  readonly places: readonly number[];
  /** Records that the format cannot write. */
  readonly unencodable: number;
  readonly message: string;
}

/**
 * Sends records through a sink in its format. They are encoded when they leave, which is never on the time of those who act; a batch that
 * is tried again is the same array for the sink too. Whatever a format writes is one line, so that no record forges another.
 */
export function sendRecords({ sink, format, accepts }: SendRecordsOptions): Send<AuditEntry> {
  const send = refusedAlone(sink.send);
  const encoded = new LatestBatch<AuditEntry, Encoded>((batch) => encode(batch, format, accepts));
  return async (batch, signal) => {
    const ready = encoded.of(batch);
    const outcome: SendOutcome = ready.entries.length === 0 ? { kind: "delivered" } : await send(ready.entries, signal);
    if (outcome.kind === "delivered") encoded.forget(batch);
    return outcomeOfBatch(outcome, ready, batch.length);
  };
}

function encode(batch: readonly AuditEntry[], format: AuditFormat, accepts: SendRecordsOptions["accepts"]): Encoded {
  const entries: SinkEntry[] = [];
  const places: number[] = [];
  let unencodable = 0;
  let message = "";
  for (const [place, entry] of batch.entries()) {
    if (accepts?.(entry.record) === false) continue;
    try {
      entries.push(sinkEntry(entry, format));
      places.push(place);
    } catch (error) {
      // Formats of others may throw.
      unencodable += 1;
      message = `a record cannot be written as ${format.name}: ${reasonText(error)}`;
    }
  }
  return { entries, places, unencodable, message };
}

function sinkEntry(entry: AuditEntry, format: AuditFormat): SinkEntry {
  const { record, place } = entry;
  const bytes = format.written?.(entry);
  if (bytes?.isPlain === true) return new WrittenEntry(record, place, bytes);
  const text = asOneLine(format.encode(entry));
  return place === undefined ? { record, text } : { record, place, text };
}

/** An entry whose text is made for sinks that ask for it. */
class WrittenEntry implements SinkEntry {
  readonly record: AuditRecord;
  readonly place?: JournalPlace;
  readonly bytes: TextBytes;

  constructor(record: AuditRecord, place: JournalPlace | undefined, bytes: TextBytes) {
    this.record = record;
    if (place !== undefined) this.place = place;
    this.bytes = bytes;
  }

  get text(): string {
    return this.bytes.toString();
  }
}

/** What of the text could end a line, and so a record, is a space. */
function asOneLine(text: string): string {
  // To look for one character after the other takes less than an expression that knows all of them.
  const isBroken = text.includes("\n") || text.includes("\r") || text.includes("\0");
  const line = isBroken ? text.replace(LINE_BREAKS, " ") : text;
  return line.isWellFormed() ? line : line.toWellFormed();
}

const LINE_BREAKS = /[\r\n\0]+/g;

/** What an outcome of the records that were sent means for the whole batch. */
function outcomeOfBatch(
  outcome: SendOutcome,
  { entries, places, unencodable, message }: Encoded,
  records: number,
): SendOutcome {
  if (entries.length === records) return outcome;
  if (outcome.kind === "delivered") {
    if (unencodable === 0) return outcome;
    return { kind: "partial", rejected: unencodable, retry: [], reason: "encoding", message };
  }
  const said = outcome.message === undefined ? {} : { message: outcome.message };
  switch (outcome.kind) {
    case "rejected":
      return { kind: "partial", rejected: entries.length + unencodable, retry: [], reason: "rejected", ...said };
    case "retry":
      // What cannot be written need not be tried again.
      return { ...outcome, kind: "partial", rejected: unencodable, retry: places };
    case "partial": {
      const retry = outcome.retry.flatMap((place) => places[place] ?? []);
      return { ...outcome, rejected: outcome.rejected + unencodable, retry };
    }
  }
}
