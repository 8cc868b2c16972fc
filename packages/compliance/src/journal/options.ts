import type { Clock } from "@mcp-hangar/delivery";
import type { AuditStamp, EventIds } from "@mcp-hangar/telemetry";
import type { PayloadCapture } from "./payload-capture.ts";

/**
 * What happens when a record cannot be written down. `fail_open`: calls go on, and the journal says later what is missing. `fail_closed`:
 * nothing is sent to a server before the intent is on the disk, and nothing is answered before the outcome is.
 */
export type FailMode = "fail_open" | "fail_closed";

export interface AuditJournalOptions {
  /** A folder on a local disk that is made if need be, and belongs to one process at a time. */
  readonly folder: string;
  /** The names of those who read, one a sink: a to z, 0 to 9, `_` and `-`. Records are kept until each of them has them. */
  readonly consumers: readonly string[];
  /** Names this run of the gateway among others. */
  readonly instance: string;
  readonly ids: EventIds;
  /** Keyed digest of the arguments of a call (`argsHashOf`); there is none without. */
  readonly argsHash?: AuditStamp["argsHash"];
  /** Captures what calls are given and give back ; nothing is captured without. */
  readonly capture?: PayloadCapture | undefined;
  /** Without it `fail_open`. */
  readonly mode?: FailMode | undefined;
  /** How long records are kept at least, in ms; without it 184 days, the most that six months have. */
  readonly retentionMs?: number | undefined;
  /** Bytes of all records; without it 8 GB. */
  readonly bytesMax?: number | undefined;
  /** Bytes of one file, from 16 KiB to a quarter of `bytesMax`; without it 16 MB. */
  readonly segmentBytesMax?: number | undefined;
  /** What a full journal does: drop its oldest records though they are young, and say so, or take no more. Without it, as the mode is. */
  readonly whenFull?: "drop_oldest" | "refuse" | undefined;
  /** A checkpoint is written after so many records, and at the latest so many ms after a record. Without it 1000, and five minutes. */
  readonly checkpoint?: { readonly records: number; readonly intervalMs: number } | undefined;
  /** An Ed25519 key, PKCS #8 in PEM; without it one is made, and kept in the folder. */
  readonly privateKeyPem?: string | undefined;
  /** With `fail_closed`: ms for which a call waits for the disk at most before it is refused. Without it 2000. */
  readonly waitMs?: number | undefined;
  /** Milliseconds after which a write that has neither ended nor failed is a problem: the disk hangs. Without it 5000. */
  readonly stallMs?: number | undefined;
  /** Records and bytes that wait for the disk at most. Without it 20 000, and 64 MB. */
  readonly memory?: { readonly recordsMax: number; readonly bytesMax: number } | undefined;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The options with nothing left out. */
export type JournalSettings = {
  readonly [Key in Exclude<keyof AuditJournalOptions, Optional>]-?: Exclude<AuditJournalOptions[Key], undefined>;
} & { readonly [Key in Optional]: AuditJournalOptions[Key] };
type Optional = "privateKeyPem" | "argsHash" | "capture";

const SEGMENT_BYTES_MIN = 16_384;
const DAY_MS = 86_400_000;

/** Fills in what was left out. @throws RangeError for options that make no sense. */
export function settingsOf(options: AuditJournalOptions): JournalSettings {
  const mode = options.mode ?? "fail_open";
  const bytesMax = options.bytesMax ?? 8_000_000_000;
  const segmentBytesMax = options.segmentBytesMax ?? Math.min(16_000_000, Math.floor(bytesMax / 4));
  if (segmentBytesMax < SEGMENT_BYTES_MIN || segmentBytesMax * 4 > bytesMax) {
    throw new RangeError(
      `segmentBytesMax ${segmentBytesMax} is not from ${SEGMENT_BYTES_MIN} to a quarter of bytesMax ${bytesMax}`,
    );
  }
  return {
    ...options,
    mode,
    bytesMax,
    segmentBytesMax,
    privateKeyPem: options.privateKeyPem,
    argsHash: options.argsHash,
    capture: options.capture,
    whenFull: options.whenFull ?? (mode === "fail_open" ? "drop_oldest" : "refuse"),
    retentionMs: options.retentionMs ?? 184 * DAY_MS,
    checkpoint: options.checkpoint ?? { records: 1_000, intervalMs: 300_000 },
    waitMs: options.waitMs ?? 2_000,
    stallMs: options.stallMs ?? 5_000,
    memory: options.memory ?? { recordsMax: 20_000, bytesMax: 64_000_000 },
  };
}
