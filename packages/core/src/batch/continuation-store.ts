import type { CancelTimer, Clock, Platform } from "../platform/platform.ts";

/** How much is kept, and for how long. */
export interface ContinuationLimits {
  readonly ttlMs: number;
  readonly entriesMax: number;
  /** Of all texts together; a character counts as two. */
  readonly bytesMax: number;
  /** Shares of one owner, so that nobody's results keep out everybody else's. */
  readonly ownerEntriesMax: number;
  readonly ownerBytesMax: number;
}

/** Room for several batches of large results, and time to read them; what is not read is gone after five minutes. */
export const CONTINUATION_LIMITS: ContinuationLimits = {
  ttlMs: 300_000,
  entriesMax: 1_000,
  bytesMax: 128 * 1024 * 1024,
  ownerEntriesMax: 200,
  ownerBytesMax: 64 * 1024 * 1024,
};

/** A part of a kept text. */
export interface ContinuationPage {
  readonly content: string;
  readonly offset: number;
  /** Length of the whole text, in UTF-16 code units, as offsets are. */
  readonly totalChars: number;
  /** Where the next page starts; `undefined` after the last. */
  readonly nextOffset: number | undefined;
  readonly expiresInMs: number;
}

interface Entry {
  readonly owner: string;
  readonly text: string;
  readonly expiresMs: number;
}

interface Share {
  entries: number;
  bytes: number;
}

/**
 * Texts that were too long for an answer, until their owner fetches them. What was promised is kept until it expires:
 * when there is no room, new texts are refused. Who does not own a text learns no more than that there is none.
 */
export class ContinuationStore {
  readonly #clock: Clock;
  readonly #uuid: () => string;
  readonly #limits: ContinuationLimits;
  /** In the order of their expiry, as all live equally long. */
  readonly #entries = new Map<string, Entry>();
  readonly #shares = new Map<string, Share>();
  #bytes = 0;
  #cancelSweep: CancelTimer | undefined;

  constructor({ clock, uuid }: Pick<Platform, "clock" | "uuid">, limits: ContinuationLimits = CONTINUATION_LIMITS) {
    this.#clock = clock;
    this.#uuid = uuid;
    this.#limits = limits;
  }

  /** Number of texts kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** Bytes that the texts are counted with. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How long a text is kept. */
  get ttlMs(): number {
    return this.#limits.ttlMs;
  }

  /** Keeps a text and returns its id, a version 4 UUID, or `undefined` when there is no room for it. */
  put(owner: string, text: string): string | undefined {
    this.#sweep();
    const bytes = bytesOf(text);
    const share = this.#shares.get(owner) ?? { entries: 0, bytes: 0 };
    const { entriesMax, bytesMax, ownerEntriesMax, ownerBytesMax } = this.#limits;
    if (this.#entries.size >= entriesMax || this.#bytes + bytes > bytesMax) return undefined;
    if (share.entries >= ownerEntriesMax || share.bytes + bytes > ownerBytesMax) return undefined;
    const id = this.#uuid();
    this.#entries.set(id, { owner, text, expiresMs: this.#clock.nowMs() + this.#limits.ttlMs });
    this.#shares.set(owner, { entries: share.entries + 1, bytes: share.bytes + bytes });
    this.#bytes += bytes;
    this.#scheduleSweep();
    return id;
  }

  /**
   * The part of a text that starts at `offset`, of about `limit` characters: no character is cut in two.
   * `undefined` when there is no such text, or it belongs to somebody else.
   */
  fetch(
    owner: string,
    id: string,
    range: { readonly offset: number; readonly limit: number },
  ): ContinuationPage | undefined {
    const entry = this.#owned(owner, id);
    if (entry === undefined) return undefined;
    const { text, expiresMs } = entry;
    const offset = Math.min(range.offset, text.length);
    const end = wholeCharacterEnd(text, offset + range.limit);
    return {
      content: text.slice(offset, end).toWellFormed(),
      offset,
      totalChars: text.length,
      nextOffset: end < text.length ? end : undefined,
      expiresInMs: expiresMs - this.#clock.nowMs(),
    };
  }

  /** Forgets a text; false when there is no such text, or it belongs to somebody else. */
  delete(owner: string, id: string): boolean {
    const entry = this.#owned(owner, id);
    if (entry === undefined) return false;
    this.#remove(id, entry);
    return true;
  }

  /** Forgets everything. */
  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#entries.clear();
    this.#shares.clear();
    this.#bytes = 0;
  }

  #owned(owner: string, id: string): Entry | undefined {
    this.#sweep();
    const entry = this.#entries.get(id);
    return entry?.owner === owner ? entry : undefined;
  }

  #remove(id: string, { owner, text }: Entry): void {
    const bytes = bytesOf(text);
    this.#entries.delete(id);
    this.#bytes -= bytes;
    const share = this.#shares.get(owner);
    if (share === undefined || share.entries <= 1) this.#shares.delete(owner);
    else this.#shares.set(owner, { entries: share.entries - 1, bytes: share.bytes - bytes });
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, entry] of this.#entries) {
      if (entry.expiresMs > nowMs) return;
      this.#remove(id, entry);
    }
  }

  /** One timer for the oldest text: what nobody asks for goes as well. */
  #scheduleSweep(): void {
    const [oldest] = this.#entries.values();
    if (this.#cancelSweep !== undefined || oldest === undefined) return;
    this.#cancelSweep = this.#clock.schedule(oldest.expiresMs - this.#clock.nowMs(), () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      this.#scheduleSweep();
    });
  }
}

function bytesOf(text: string): number {
  return text.length * 2;
}

/** `end`, or one more when a surrogate pair would be cut. */
function wholeCharacterEnd(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const before = text.charCodeAt(end - 1);
  return before >= 0xd800 && before <= 0xdbff ? end + 1 : end;
}
