import type { Waiting } from "./room.ts";
import type { SendOutcome } from "./send.ts";

/** Records that are sent together, until each is delivered or given up. */
export interface Batch<Entry> {
  readonly waiting: readonly Waiting<Entry>[];
  /** What is sent; the same array in every attempt, save after a partial delivery. */
  readonly entries: readonly Entry[];
  /** Attempts that have ended. */
  readonly attempts: number;
  /** When the first attempt began, by the monotonic clock. */
  readonly sinceMs: number;
}

/** What an attempt has made of a batch. */
export interface Division<Entry> {
  /** Delivered or refused for good. */
  readonly gone: readonly Waiting<Entry>[];
  /** How many of them were refused. */
  readonly rejected: number;
  /** What is left to send; `undefined` when nothing is. */
  readonly rest: Batch<Entry> | undefined;
}

export function newBatch<Entry>(waiting: readonly Waiting<Entry>[], nowMs: number): Batch<Entry> {
  return { waiting, entries: waiting.map(({ entry }) => entry), attempts: 0, sinceMs: nowMs };
}

/** Divides a batch by the outcome of an attempt. Places that the batch does not have are ignored, and so are numbers too large. */
export function divide<Entry>(batch: Batch<Entry>, outcome: SendOutcome): Division<Entry> {
  const { waiting } = batch;
  const attempts = batch.attempts + 1;
  switch (outcome.kind) {
    case "delivered":
      return { gone: waiting, rejected: 0, rest: undefined };
    case "rejected":
      return { gone: waiting, rejected: waiting.length, rest: undefined };
    case "retry":
      return { gone: [], rejected: 0, rest: { ...batch, attempts } };
    case "partial": {
      const places = new Set(outcome.retry);
      const gone = waiting.filter((_each, place) => !places.has(place));
      const left = waiting.filter((_each, place) => places.has(place));
      const rejected = Math.min(Math.max(0, Math.trunc(outcome.rejected) || 0), gone.length);
      const rest = left.length === 0 ? undefined : { ...newBatch(left, batch.sinceMs), attempts };
      return { gone, rejected, rest };
    }
  }
}

/** Bytes of a batch that is small enough: a receiver that calls it too large takes nothing. */
const SMALL_BYTES = 65_536;

/** Whether a batch that was refused as too large may be taken in parts. */
export function isTooLarge<Entry>({ waiting }: Batch<Entry>, outcome: SendOutcome): boolean {
  if (outcome.kind !== "rejected" || outcome.isTooLarge !== true) return false;
  return waiting.reduce((sum, { bytes }) => sum + bytes, 0) > SMALL_BYTES;
}

/** Both halves of a batch, so that one record which is refused does not take others with it. */
export function halvesOf<Entry>({ waiting }: Batch<Entry>, nowMs: number): readonly [Batch<Entry>, Batch<Entry>] {
  const middle = Math.ceil(waiting.length / 2);
  return [newBatch(waiting.slice(0, middle), nowMs), newBatch(waiting.slice(middle), nowMs)];
}
