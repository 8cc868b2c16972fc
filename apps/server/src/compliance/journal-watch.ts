import { statfs } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { AuditJournal } from "@mcp-hangar/compliance";
import type { CancelTimer, Clock } from "@mcp-hangar/core";
import { nodeFiles, type SpoolFiles } from "@mcp-hangar/delivery/spool";
import { type AuditTrailSnapshot, registeredName } from "@mcp-hangar/telemetry";
import type { Logger } from "../logging/logging.ts";
import type { CompliancePackage } from "./create-compliance.ts";

interface WatchParts {
  readonly compliance: CompliancePackage;
  readonly journal: AuditJournal;
  readonly folder: string;
  /** Names of sinks, and of their exporters. */
  readonly sinks: readonly { readonly name: string; readonly exporter: string }[];
  readonly checkpointIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often it is looked, in ms. */
const LOOK_MS = 15_000;
/** How far back the clock is compared, in ms. */
const CLOCK_WINDOW_MS = 900_000;
/** The whole chain is verified at the start and then so often, in ms. */
const VERIFY_MS = 86_400_000;
/** Pause after each piece that is read for that, in ms: calls come first, and a journal has hours. */
const PIECE_PAUSE_MS = 50;
/** Problems of one verification that are written to the log; all are counted. */
const TOLD_MAX = 10;

/** Watches over a journal while it is written: lag of its sinks, room on the disk, its chain, its checkpoints, the clock. */
export class JournalWatch {
  readonly #parts: WatchParts;
  #snapshot: AuditTrailSnapshot;
  #problems = 0;
  /** Where the checkpoints were, and since when. */
  #signed = { until: 0, sinceMs: 0 };
  /** What the wall clock was ahead of the one that cannot be set, at some times, in ms. */
  #offsets: { readonly nowMs: number; readonly offsetMs: number }[] = [];
  #cancel: CancelTimer | undefined;
  #isStopped = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#snapshot = {
      lags: parts.sinks.map(({ exporter }) => ({ exporter: registeredName(exporter), seconds: 0 })),
      journal: { used: 0, chainProblems: 0, checkpointOverdueSeconds: 0, clockStepSeconds: 0 },
    };
  }

  /** As it was when it was last looked. */
  get snapshot(): AuditTrailSnapshot {
    return this.#snapshot;
  }

  /** Begins; the journal is open. */
  start(): void {
    this.#signed = { until: this.#parts.journal.signedUntil, sinceMs: this.#parts.clock.nowMs() };
    void this.#lookOn();
    void this.#verifyOn();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  async #lookOn(): Promise<void> {
    // What cannot be read now is looked for the next time.
    await this.#look().catch(() => {});
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.schedule(LOOK_MS, () => void this.#lookOn());
  }

  async #look(): Promise<void> {
    const { journal, sinks, folder } = this.#parts;
    const lags = await Promise.all(
      sinks.map(async ({ name, exporter }) => {
        return { exporter: registeredName(exporter), seconds: (await journal.lag(name)).seconds };
      }),
    );
    const { bytes, bytesMax } = journal.size;
    const { bavail, bsize } = await statfs(folder);
    this.#snapshot = {
      lags,
      journal: {
        used: bytes / Math.max(1, Math.min(bytesMax, bytes + bavail * bsize)),
        chainProblems: this.#problems,
        checkpointOverdueSeconds: this.#overdueMs() / 1_000,
        clockStepSeconds: this.#stepMs() / 1_000,
      },
    };
  }

  /** A checkpoint is due one interval after the first record that no other covers. */
  #overdueMs(): number {
    const { journal, clock, checkpointIntervalMs } = this.#parts;
    const until = journal.signedUntil;
    const nowMs = clock.nowMs();
    if (until !== this.#signed.until || until === journal.head.sequence) this.#signed = { until, sinceMs: nowMs };
    return Math.max(0, nowMs - this.#signed.sinceMs - checkpointIntervalMs);
  }

  #stepMs(): number {
    const { clock } = this.#parts;
    const nowMs = clock.nowMs();
    this.#offsets.push({ nowMs, offsetMs: clock.wallMs() - nowMs });
    this.#offsets = this.#offsets.filter((offset) => nowMs - offset.nowMs <= CLOCK_WINDOW_MS);
    const offsets = this.#offsets.map(({ offsetMs }) => offsetMs);
    return Math.max(...offsets) - Math.min(...offsets);
  }

  async #verifyOn(): Promise<void> {
    const { logger, clock } = this.#parts;
    try {
      await this.#verify();
    } catch (error) {
      if (!this.#isStopped) logger.warning("audit_chain_unread", { error });
    }
    if (!this.#isStopped) clock.schedule(VERIFY_MS, () => void this.#verifyOn());
  }

  async #verify(): Promise<void> {
    const { compliance, folder, logger } = this.#parts;
    let problems = 0;
    for await (const finding of compliance.verifyJournal(folder, { files: this.#slowFiles() })) {
      if (finding.kind === "summary") {
        const { records, checkpoints, isIntact } = finding;
        logger.info("audit_chain_verified", { folder, intact: isIntact, records, checkpoints, problems });
      }
      if (finding.kind !== "problem") continue;
      problems += 1;
      // Not taken back before the next verification has come to its end.
      this.#problems = Math.max(this.#problems, problems);
      const { problem, segment, sequence, expected, found } = finding;
      if (problems <= TOLD_MAX)
        logger.critical("audit_chain_broken", { folder, problem, segment, sequence, expected, found });
    }
    this.#problems = problems;
  }

  /** Reads with pauses, and no more when the gateway stops. */
  #slowFiles(): SpoolFiles {
    return {
      ...nodeFiles,
      read: async (path, offset, bytes) => {
        await setTimeout(PIECE_PAUSE_MS, undefined, { ref: false });
        if (this.#isStopped) throw new Error("the gateway stops");
        return nodeFiles.read(path, offset, bytes);
      },
    };
  }
}
