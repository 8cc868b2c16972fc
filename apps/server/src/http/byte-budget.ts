/** How many bytes may be held at a time. */
export interface ByteLimits {
  readonly total: number;
  /** By one owner. What is larger than that on its own is let in when the owner holds nothing else. */
  readonly perOwner: number;
}

/** Counts bytes that are held, in all and by owner, and says whether more would fit. */
export class ByteBudget {
  readonly #limits: () => ByteLimits;
  readonly #byOwner = new Map<string, number>();
  #held = 0;

  /** `limits` are read on each use, because they may change. */
  constructor(limits: () => ByteLimits) {
    this.#limits = limits;
  }

  /** Bytes held by all owners. */
  get held(): number {
    return this.#held;
  }

  /** Owners that hold anything. */
  get owners(): number {
    return this.#byOwner.size;
  }

  fits(owner: string, bytes: number): boolean {
    const { total, perOwner } = this.#limits();
    if (this.#held + bytes > total) return false;
    const own = this.#held === 0 ? 0 : (this.#byOwner.get(owner) ?? 0);
    return own === 0 || own + bytes <= perOwner;
  }

  /** Adds bytes that an owner holds from now on; negative ones are given back. What is taken must be given back once. */
  take(owner: string, bytes: number): void {
    const own = (this.#byOwner.get(owner) ?? 0) + bytes;
    this.#held += bytes;
    if (own === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, own);
  }
}
