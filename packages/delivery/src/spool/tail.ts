import type { SpoolItem } from "./segment-reader.ts";

type RecordItem = Extract<SpoolItem, { readonly kind: "record" }>;

/**
 * The latest records of a spool in memory, as they were appended, so that consumers which keep up read nothing from the disk. It holds at
 * most so many bytes of records that not everybody has passed; what is older is on the disk only.
 */
export class Tail {
  readonly #bytesMax: number;
  /** In their order, without a gap. */
  #items: RecordItem[] = [];
  /** Place of the oldest that counts: those before it are let go together. */
  #begin = 0;
  #bytes = 0;

  /** With 0 it holds nothing. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of the records that it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The record of a sequence number, if it holds it. */
  at(sequence: number): RecordItem | undefined {
    const first = this.#items[this.#begin];
    return first === undefined || sequence < first.sequence
      ? undefined
      : this.#items[this.#begin + sequence - first.sequence];
  }

  /** Takes records that are on the disk now; `first` is the number of the first of them. */
  add(first: number, payloads: readonly Uint8Array[]): void {
    if (this.#bytesMax === 0) return;
    // Numbers may be left out only when the spool is opened.
    if (this.#items.at(-1)?.sequence !== first - 1) this.forget(Number.POSITIVE_INFINITY);
    for (const [place, bytes] of payloads.entries()) {
      // The same object, so that whoever has appended it knows it again.
      const payload = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#items.push({ kind: "record", sequence: first + place, payload });
      this.#bytes += payload.length;
    }
    while (this.#bytes > this.#bytesMax) this.#dropOldest();
    this.#tidy();
  }

  /** Lets records before a number go, which everybody has passed or the spool has dropped. */
  forget(before: number): void {
    for (let oldest = this.#items[this.#begin]; oldest !== undefined && oldest.sequence < before; ) {
      this.#dropOldest();
      oldest = this.#items[this.#begin];
    }
    this.#tidy();
  }

  #dropOldest(): void {
    this.#bytes -= this.#items[this.#begin]?.payload.length ?? 0;
    this.#begin += 1;
  }

  /** Moves what is left to the front once half of it is gone. */
  #tidy(): void {
    if (this.#begin * 2 <= this.#items.length) return;
    this.#items = this.#items.slice(this.#begin);
    this.#begin = 0;
  }
}
