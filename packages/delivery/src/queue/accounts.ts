import type { DropReason, ExportFailureReason } from "@mcp-hangar/telemetry";

/** Why a queue drops records. */
export const QUEUE_DROP_REASONS = ["queue_full", "rejected", "retries_exhausted", "shutdown"] as const;

/** What became of the records that were offered: each is delivered, dropped for a reason, or still queued. */
export class Accounts<Reason extends DropReason> {
  #offered = 0;
  #delivered = 0;
  readonly #dropped: Record<Reason, number>;
  readonly #failures = { connection: 0, timeout: 0, rejected: 0, io: 0, encoding: 0 };

  constructor(reasons: readonly Reason[]) {
    // Each reason of the list is a key.
    this.#dropped = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
  }

  get offered(): number {
    return this.#offered;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get dropped(): Readonly<Record<Reason, number>> {
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

  drop(reason: Reason, records: number): void {
    this.#dropped[reason] += records;
  }

  fail(reason: ExportFailureReason): void {
    this.#failures[reason] += 1;
  }
}
