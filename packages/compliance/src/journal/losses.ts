import type { AuditGap } from "@mcp-hangar/telemetry";

type LossReason = "queue_full" | "rejected" | "shutdown";
interface Loss {
  readonly count: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Tells of records that never had a number. */
export type LossGap = AuditGap & { readonly reason: LossReason; readonly count: number };

/** Records that never reached the disk, until the journal has said so. */
export class Losses {
  readonly #losses = new Map<LossReason, Loss>();

  add(reason: LossReason, timeMs: number, count = 1): void {
    const before = this.#losses.get(reason);
    this.#losses.set(reason, {
      count: (before?.count ?? 0) + count,
      sinceMs: Math.min(before?.sinceMs ?? timeMs, timeMs),
      untilMs: Math.max(before?.untilMs ?? timeMs, timeMs),
    });
  }

  /** What is to be told of. */
  gaps(): readonly LossGap[] {
    return [...this.#losses].map(([reason, { count, sinceMs, untilMs }]) => ({
      reason,
      count,
      since: new Date(sinceMs).toISOString(),
      until: new Date(untilMs).toISOString(),
    }));
  }

  /** Forgets what was told. What came in meanwhile is told the next time. */
  told(gaps: readonly LossGap[]): void {
    for (const { reason, count } of gaps) {
      const loss = this.#losses.get(reason);
      if (loss === undefined) continue;
      if (loss.count <= count) this.#losses.delete(reason);
      else this.#losses.set(reason, { ...loss, count: loss.count - count });
    }
  }
}
