import type { Accounts } from "./accounts.ts";
import type { RoomPolicy, Waiting } from "./room.ts";

/** How much is held at most. */
export interface QueueLimits {
  readonly recordsMax: number;
  /** By the queue's `sizeOf`. */
  readonly bytesMax: number;
}

/** The records of a queue within its limits: those that wait, in their order, and those that were taken to be sent. */
export class WaitingRoom<Entry> {
  readonly #limits: QueueLimits;
  readonly #policy: RoomPolicy<Entry> | undefined;
  readonly #accounts: Accounts<"queue_full">;
  /** In the order of arrival, with those that had to make room. */
  #places: Waiting<Entry>[] = [];
  /** Numbers of those among them that had to make room. */
  readonly #evicted = new Set<number>();
  #waitingBytes = 0;
  /** Of all records that are held. */
  #records = 0;
  #bytes = 0;
  #lastNumber = 0;

  constructor(limits: QueueLimits, policy: RoomPolicy<Entry> | undefined, accounts: Accounts<"queue_full">) {
    this.#limits = limits;
    this.#policy = policy;
    this.#accounts = accounts;
  }

  /** Records that wait or are being sent. */
  get records(): number {
    return this.#records;
  }

  /** Bytes that wait or are being sent. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether no record waits. */
  get isEmpty(): boolean {
    return this.#waitingRecords === 0;
  }

  /** Number of the record that came in last; 0 before the first. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Number of the record that waits longest; `undefined` when none waits. */
  get firstNumber(): number | undefined {
    return this.#places.find(({ number }) => !this.#evicted.has(number))?.number;
  }

  /** Whether as much waits as a batch holds. */
  fills(batch: QueueLimits): boolean {
    return this.#waitingRecords >= batch.recordsMax || this.#waitingBytes >= batch.bytesMax;
  }

  /** Lets a record in; false when it has to be dropped. What is dropped, this record or another, is counted as `queue_full`. */
  add(entry: Entry, bytes: number): boolean {
    while (this.#records >= this.#limits.recordsMax || this.#bytes + bytes > this.#limits.bytesMax) {
      if (!this.#makeRoom(entry, bytes)) {
        this.#accounts.drop("queue_full", 1);
        return false;
      }
    }
    this.#lastNumber += 1;
    const waiting = { entry, bytes, number: this.#lastNumber };
    this.#places.push(waiting);
    this.#waitingBytes += bytes;
    this.#records += 1;
    this.#bytes += bytes;
    this.#policy?.waits(waiting);
    return true;
  }

  /** Takes the oldest records for a batch: as many as fit into it, and at least one if any waits. */
  take({ recordsMax, bytesMax }: QueueLimits): readonly Waiting<Entry>[] {
    const taken: Waiting<Entry>[] = [];
    let bytes = 0;
    let looked = 0;
    for (const waiting of this.#places) {
      if (!this.#evicted.delete(waiting.number)) {
        if (taken.length > 0 && (taken.length >= recordsMax || bytes + waiting.bytes > bytesMax)) break;
        taken.push(waiting);
        bytes += waiting.bytes;
      }
      looked += 1;
    }
    this.#places.splice(0, looked);
    this.#waitingBytes -= bytes;
    this.#policy?.left(taken);
    return taken;
  }

  /** Forgets records that were taken and have been delivered or given up. */
  release(gone: readonly Waiting<Entry>[]): void {
    this.#records -= gone.length;
    for (const { bytes } of gone) this.#bytes -= bytes;
  }

  get #waitingRecords(): number {
    return this.#places.length - this.#evicted.size;
  }

  #makeRoom(entry: Entry, bytes: number): boolean {
    // What is being sent makes no room, so nothing is dropped for a record that does not fit beside it.
    const takenRecords = this.#records - this.#waitingRecords;
    const takenBytes = this.#bytes - this.#waitingBytes;
    if (takenRecords >= this.#limits.recordsMax || takenBytes + bytes > this.#limits.bytesMax) return false;
    const victim = this.#policy?.makeRoom(entry);
    if (victim === undefined || !this.#isWaiting(victim)) return false;
    this.#evicted.add(victim.number);
    // They must not pile up while nothing is sent.
    if (this.#evicted.size > this.#places.length / 2) {
      this.#places = this.#places.filter(({ number }) => !this.#evicted.has(number));
      this.#evicted.clear();
    }
    this.#waitingBytes -= victim.bytes;
    this.release([victim]);
    this.#accounts.drop("queue_full", 1);
    return true;
  }

  #isWaiting({ number }: Waiting<Entry>): boolean {
    return number >= (this.#places[0]?.number ?? Number.POSITIVE_INFINITY) && !this.#evicted.has(number);
  }
}
