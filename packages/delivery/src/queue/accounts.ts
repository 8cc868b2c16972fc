import type { DropReason, ExportFailureReason } from "@mcp-hangar/telemetry";

/** Why a queue drops records. */
export type QueueDropReason = Exclude<DropReason, "sampled">;

/** What became of the records that were offered: each is delivered, dropped for a reason, or still queued. */
export class Accounts {
  #offered = 0;
  #delivered = 0;
  readonly #dropped = { queue_full: 0, rejected: 0, retries_exhausted: 0, shutdown: 0 };
  readonly #failures = { connection: 0, timeout: 0, rejected: 0, io: 0, encoding: 0 };

  get offered(): number {
    return this.#offered;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get dropped(): Readonly<Record<QueueDropReason, number>> {
    return { ...this.#dropped };
  }

  /** Attempts that did not deliver everything. */
  get failures(): Readonly<Record<ExportFailureReason, number>> {
    return { ...this.#failures };
  }

  offer(): void {
    this.#offered += 1;
  }

  deliver(records: number): void {
    this.#delivered += records;
  }

  drop(reason: QueueDropReason, records: number): void {
    this.#dropped[reason] += records;
  }

  fail(reason: ExportFailureReason): void {
    this.#failures[reason] += 1;
  }
}
