/** Requests for which a new table has room. */
const PLACES_AT_FIRST = 32;

/**
 * Requests in flight under ids of our own: whole numbers that count on, and are never used twice. A request lies in the place that
 * the last bits of its id name, so that nothing is hashed; an id whose place is taken by one that takes long is left out. What
 * `churn-map.ts` says about maps that churn holds here, too.
 */
export class RequestTable<Value extends object> {
  #ids = places(PLACES_AT_FIRST, 0);
  #values = places<Value | undefined>(PLACES_AT_FIRST, undefined);
  #size = 0;
  #lastId = 0;

  get size(): number {
    return this.#size;
  }

  /** The id that was given last; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  /** The id of the next request, which is to be added before another is asked for. */
  nextId(): number {
    if (this.#size * 2 >= this.#values.length) this.#grow();
    do this.#lastId += 1;
    while (this.#values[this.#placeOf(this.#lastId)] !== undefined);
    return this.#lastId;
  }

  /** Adds a request under an id that `nextId` has just given. */
  add(id: number, value: Value): void {
    const place = this.#placeOf(id);
    this.#ids[place] = id;
    this.#values[place] = value;
    this.#size += 1;
  }

  /** The request in flight under an id; a peer may send any number. */
  get(id: number): Value | undefined {
    const place = this.#placeOf(id);
    return this.#ids[place] === id ? this.#values[place] : undefined;
  }

  /** Removes a request and returns it; `undefined` when there is none under that id. */
  take(id: number): Value | undefined {
    const value = this.get(id);
    if (value === undefined) return undefined;
    this.#values[this.#placeOf(id)] = undefined;
    this.#size -= 1;
    return value;
  }

  clear(): void {
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** The requests as they are now, in no particular order; they may be removed while they are walked. */
  values(): readonly Value[] {
    return this.#values.filter((value) => value !== undefined);
  }

  /** There are as many places as a power of two. */
  #placeOf(id: number): number {
    return id & (this.#values.length - 1);
  }

  /** Requests that lie in different places do so in twice as many, too. */
  #grow(): void {
    const [ids, values] = [this.#ids, this.#values];
    this.#ids = places(ids.length * 2, 0);
    this.#values = places<Value | undefined>(values.length * 2, undefined);
    this.#size = 0;
    for (const [place, value] of values.entries()) {
      const id = ids[place];
      if (value !== undefined && id !== undefined) this.add(id, value);
    }
  }
}

/** The number behind an id that a peer gave back: one of our own may come back as text. `undefined` for any other. */
export function ownId(id: unknown): number | undefined {
  if (typeof id === "number") return id;
  return typeof id === "string" && /^(?:0|[1-9]\d{0,14})$/.test(id) ? Number(id) : undefined;
}

function places<Content>(length: number, content: Content): Content[] {
  return Array.from({ length }, () => content);
}
