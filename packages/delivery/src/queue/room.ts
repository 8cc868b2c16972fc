/** A record in a queue. */
export interface Waiting<Entry> {
  readonly entry: Entry;
  /** Its size as the queue's `sizeOf` says it. */
  readonly bytes: number;
  /** Its place in the order of arrival; grows by 1 with every record. */
  readonly number: number;
}

/**
 * Decides which record a full queue drops. It is told of each record that waits and of each that no longer does. It runs
 * on the time of the one who offers a record, and must not throw.
 */
export interface RoomPolicy<Entry> {
  /** `waiting` came in. */
  waits(waiting: Waiting<Entry>): void;
  /** These are being sent or were given up: the oldest ones, in their order. */
  left(gone: readonly Waiting<Entry>[]): void;
  /** The record to drop for `entry`, which then no longer waits; `undefined` when `entry` itself is to be dropped. */
  makeRoom(entry: Entry): Waiting<Entry> | undefined;
}
