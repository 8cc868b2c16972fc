import { createHash } from "node:crypto";
import type { SinkEntry } from "../../sink.ts";

export interface ObjectName {
  /** Such as `audit/`; may be empty. */
  readonly prefix: string;
  /** What the body is, such as `.ndjson.gz`. */
  readonly suffix: string;
}

/** Digits of a sequence number, so that names sort as numbers do. */
const SEQUENCE_DIGITS = 16;

/**
 * The name of the object of a batch: `<prefix><instance>/<date>/<time>-<first>-<last>-<digest><suffix>`, which sorts by time, and within
 * an instance by sequence. The same batch has the same name whenever it is sent; the digest of its ids tells batches apart that were
 * divided otherwise, and those that have no sequence.
 */
export function objectKey(batch: readonly SinkEntry[], { prefix, suffix }: ObjectName): string {
  const first = batch[0];
  if (first === undefined) throw new RangeError("a batch has at least one record");
  const { time, instance } = first.record;
  const stamp = new Date(time).toISOString();
  const date = stamp.slice(0, 10).replaceAll("-", "/");
  const ids = createHash("sha256").update(batch.map(({ record }) => record.id).join("\n"));
  const digest = ids.digest("hex").slice(0, 16);
  const clock = stamp.slice(0, 23).replaceAll(/[-:.]/g, "");
  const name = [`${clock}Z`, sequenceOf(first), sequenceOf(batch.at(-1)), digest].filter((part) => part !== "");
  return `${prefix}${safe(instance)}/${date}/${name.join("-")}${suffix}`;
}

function sequenceOf(entry: SinkEntry | undefined): string {
  const sequence = entry?.place?.sequence;
  return sequence === undefined ? "" : String(sequence).padStart(SEQUENCE_DIGITS, "0");
}

/** Characters that are safe in names everywhere; a name of dots alone would be a way up. */
function safe(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.-]/g, "_").replace(/^\.+$/, "_") || "_";
}
