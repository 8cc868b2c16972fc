/**
 * Values that come and go with every call, each in a slot that is used again when it is free. A `Map` with numbers that
 * count on would do the same at the cost of hashing, and of what `churn-map.ts` says about maps that churn.
 */
export class Slots<Value extends object> {
  readonly #values: (Value | undefined)[] = [];
  readonly #free: number[] = [];

  /** The slot that the value lies in until it is removed. */
  add(value: Value): number {
    const slot = this.#free.pop() ?? this.#values.length;
    this.#values[slot] = value;
    return slot;
  }

  get(slot: number): Value | undefined {
    return this.#values[slot];
  }

  /** Puts another value into a slot in use. */
  replace(slot: number, value: Value): void {
    this.#values[slot] = value;
  }

  /** Frees a slot in use; to be called once for each value that was added. */
  remove(slot: number): void {
    this.#values[slot] = undefined;
    this.#free.push(slot);
  }

  clear(): void {
    this.#values.length = 0;
    this.#free.length = 0;
  }

  /** The values as they are now, in no particular order; values may be removed while they are walked. */
  all(): readonly Value[] {
    return this.#values.filter((value) => value !== undefined);
  }
}
