import { Slots } from "./slots.ts";

/**
 * A map for entries that come and go with every call.
 *
 * A plain `Map` that lives long is rehashed again and again as entries churn. V8 links each discarded hash table to its
 * successor, and a discarded table that has reached the old generation keeps what its successor holds alive until the
 * next full collection. With requests and responses as values that promoted 9 KB a call. Here the hash table holds keys
 * and small integers only, and the values lie in slots that are reused and cleared.
 */
export class ChurnMap<Key extends string | number, Value extends object> {
  readonly #slotOf = new Map<Key, number>();
  readonly #slots = new Slots<Value>();

  get size(): number {
    return this.#slotOf.size;
  }

  has(key: Key): boolean {
    return this.#slotOf.has(key);
  }

  get(key: Key): Value | undefined {
    const slot = this.#slotOf.get(key);
    return slot === undefined ? undefined : this.#slots.get(slot);
  }

  /** Adds an entry; false, and nothing, when there is one under the key. */
  add(key: Key, value: Value): boolean {
    if (this.#slotOf.has(key)) return false;
    this.#slotOf.set(key, this.#slots.add(value));
    return true;
  }

  set(key: Key, value: Value): void {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) this.#slotOf.set(key, this.#slots.add(value));
    else this.#slots.replace(slot, value);
  }

  /** Removes an entry and returns its value; `undefined` when there is none. */
  delete(key: Key): Value | undefined {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return undefined;
    const value = this.#slots.get(slot);
    this.#slotOf.delete(key);
    this.#slots.remove(slot);
    return value;
  }

  clear(): void {
    this.#slotOf.clear();
    this.#slots.clear();
  }

  /** The values as they are now, in no particular order; entries may be removed while they are walked. */
  values(): readonly Value[] {
    return this.#slots.all();
  }
}
