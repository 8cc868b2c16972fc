import type { ExportFailureReason } from "@mcp-hangar/telemetry";

/** How an attempt to deliver a batch ended. A `message` says why, for people; it must hold no secrets. */
export type SendOutcome =
  /** The receiver has every record. */
  | { readonly kind: "delivered" }
  /** The receiver refuses every record for good; the queue drops them. */
  | Rejected
  /** Nothing is known to be delivered; the queue sends the same array again later. */
  | Retry
  /** The receiver has some of the records. */
  | PartlyDelivered;

export interface Rejected {
  readonly kind: "rejected";
  readonly message?: string;
  /** The receiver takes no request of this size; the queue divides the batch. */
  readonly isTooLarge?: boolean;
}

export interface Retry {
  readonly kind: "retry";
  readonly reason: ExportFailureReason;
  /** Milliseconds for which the receiver asks to be left alone. */
  readonly retryAfterMs?: number;
  readonly message?: string;
}

export interface PartlyDelivered {
  readonly kind: "partial";
  /** How many records the receiver refuses for good. */
  readonly rejected: number;
  /** Places in the batch, from 0, of the records to send again. What is neither rejected nor sent again is delivered. */
  readonly retry: readonly number[];
  /** Why the others were not delivered. */
  readonly reason: ExportFailureReason;
  readonly retryAfterMs?: number;
  readonly message?: string;
}

/**
 * Delivers a batch. `signal` aborts when the attempt has taken too long or the queue has closed: its outcome no longer
 * counts then. A rejection counts as a failure with the reason `io` and is tried again.
 */
export type Send<Entry> = (batch: readonly Entry[], signal: AbortSignal) => Promise<SendOutcome>;
