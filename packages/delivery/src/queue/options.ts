import type { ExportSignal, RegisteredName } from "@mcp-hangar/telemetry";
import type { Clock } from "../clock.ts";
import type { RetryLimits } from "./retry.ts";
import type { RoomPolicy } from "./room.ts";
import type { Send } from "./send.ts";
import type { QueueLimits } from "./waiting-room.ts";

/** How large a batch becomes, and how long its first record waits for others. A record larger than `bytesMax` goes alone. */
export interface BatchLimits extends QueueLimits {
  /** Milliseconds; counted from when the queue is idle. */
  readonly delayMs: number;
}

export interface DeliveryQueueOptions<Entry> {
  /** The name of the exporter in its snapshot. */
  readonly exporter: RegisteredName;
  /** What its records are, in its snapshot. */
  readonly signal: ExportSignal;
  readonly send: Send<Entry>;
  /** Bytes that a record counts for. A record of which it throws, or says no number, is dropped as `rejected`. */
  readonly sizeOf: (entry: Entry) => number;
  readonly limits: QueueLimits;
  readonly batch: BatchLimits;
  /** Milliseconds an attempt may take. `undefined` is for destinations at which a write cannot be interrupted. */
  readonly attemptTimeoutMs: number | undefined;
  readonly retry: RetryLimits;
  /**
   * Whether a batch that is `rejected` is divided until what is refused stands alone; else it is dropped as a whole. For receivers that refuse
   * a request for one record in it, and say of nothing else that it is final. One that is too large is divided in any case.
   */
  readonly dividesRefused?: boolean;
  /** Which record a full queue drops; without it the one that is offered. */
  readonly room?: RoomPolicy<Entry>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}
