import type { SessionAnswers } from "./session-answers.ts";

const MEBIBYTE = 1_024 * 1_024;
/** Bytes that are kept in all unless told. */
export const KEPT_BYTES_MAX = 64 * MEBIBYTE;

/** What one owner keeps over all its sessions. */
interface Share {
  bytes: number;
  readonly sessions: Set<SessionAnswers>;
}

/** Bounds what is kept of answers in all sessions of all endpoints together. When it is full, the owner who keeps the most gives way. */
export class AnswerRoom {
  readonly #bytesMax: () => number;
  readonly #shares = new Map<string, Share>();
  #bytes = 0;

  /** `bytesMax` is read on each use, because it may change; with 0, nothing is kept. */
  constructor(bytesMax: () => number = () => KEPT_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get bytesMax(): number {
    return this.#bytesMax();
  }

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that a session of the owner keeps from now on, or no longer when negative. */
  add(owner: string, session: SessionAnswers, bytes: number): void {
    this.#bytes += bytes;
    const share = this.#shares.get(owner) ?? { bytes: 0, sessions: new Set() };
    share.bytes += bytes;
    if (session.bytes > 0) share.sessions.add(session);
    else share.sessions.delete(session);
    if (share.sessions.size > 0) this.#shares.set(owner, share);
    else this.#shares.delete(owner);
    if (bytes > 0 && this.#bytes > this.bytesMax) this.#makeRoom();
  }

  /** Makes an eighth more room than needed, so that a full house is not searched for every event. */
  #makeRoom(): void {
    const enough = this.bytesMax * (7 / 8);
    while (this.#bytes > enough) {
      let largest: Share | undefined;
      for (const share of this.#shares.values())
        if (largest === undefined || share.bytes > largest.bytes) largest = share;
      const [session] = largest?.sessions ?? [];
      if (session?.makeRoom() !== true) return;
    }
  }
}
