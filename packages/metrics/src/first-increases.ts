/** Who scrapes: a program that compares each scrape with the one before, as Prometheus does. */
export interface Scraper {
  /** Tells scrapers apart that use connections of their own: an address and whatever else is known. */
  readonly name: string;
  /** The connection of this scrape, by which two scrapers of one name are told apart while it is open. */
  readonly connection: { readonly destroyed: boolean };
}

/** What one scrape is shown of series that are new. */
export interface FirstLook {
  /** Series of this birth and of later ones are written with 0; `Infinity` when nothing is. */
  readonly heldFrom: number;
  /** To be called when the scraper has the answer. */
  readonly shown: () => void;
}

/**
 * A series is held at 0 for at most this long, in milliseconds, and a scraper that did not come back for so long is
 * waited for no more. No scraper asks less often than every two minutes, for Prometheus forgets a series after five.
 */
const HELD_MAX_MS = 150_000;
/** Births within so many milliseconds share a generation, so that there are few to remember. */
const GENERATION_MS = 5_000;
/** Scrapers that are remembered; of more, those that came last. */
const SCRAPERS_MAX = 16;

interface KnownScraper {
  readonly name: string;
  connection: Scraper["connection"];
  /** Generations up to this one were there at its first scrape, and it was shown their values. */
  readonly baseline: number;
  /** The last generation that this scraper was shown. */
  seen: number;
  lastMs: number;
}

/**
 * Decides which series a scrape shows with 0 although something was counted. `rate()` and `increase()` take a series that
 * appears with 1 for one that always had 1, so the first call of a tool would be missed. A new series is shown as 0
 * until every scraper has seen it so; from then on everybody is shown its value, so that it never falls. What was counted
 * before the first scrape of a scraper happened before that was watching: it is shown as it is, and is no increase.
 */
export class FirstIncreases {
  readonly #nowMs: () => number;
  #generation = 0;
  /** Births since this generation was closed belong to the next. */
  #closed = true;
  /** When each generation that may be held began, the oldest first. */
  readonly #begun: { readonly generation: number; readonly atMs: number }[] = [];
  /** Generations up to this one are shown with their values. */
  #released = 0;
  /** Those that came last stand last. */
  #scrapers: KnownScraper[] = [];

  /** `nowMs` is a clock that never goes back. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The generation of a series that is created now. */
  birth(): number {
    const nowMs = this.#nowMs();
    if (this.#closed || nowMs - (this.#begun.at(-1)?.atMs ?? nowMs) >= GENERATION_MS) {
      this.#closed = false;
      this.#generation += 1;
      this.#begun.push({ generation: this.#generation, atMs: nowMs });
      this.#releaseOld(nowMs);
    }
    return this.#generation;
  }

  /** What a scrape is shown; without a scraper, everything as it is. */
  look(scraper: Scraper | undefined): FirstLook {
    if (scraper === undefined) return { heldFrom: Infinity, shown: () => {} };
    const nowMs = this.#nowMs();
    this.#releaseOld(nowMs);
    this.#scrapers = this.#scrapers.filter(({ lastMs }) => nowMs - lastMs <= HELD_MAX_MS);
    this.#closed = true;
    const seen = this.#generation;
    const shown = () => this.#remember(scraper, seen, nowMs);
    const known = this.#find(scraper);
    if (known === undefined) return { heldFrom: Infinity, shown };
    this.#released = Math.max(this.#released, Math.min(...this.#scrapers.map((each) => each.seen)));
    return { heldFrom: Math.max(this.#released, known.baseline) + 1, shown };
  }

  #releaseOld(nowMs: number): void {
    while (this.#begun[0] !== undefined && nowMs - this.#begun[0].atMs > HELD_MAX_MS) {
      this.#released = Math.max(this.#released, this.#begun[0].generation);
      this.#begun.shift();
    }
  }

  #remember(scraper: Scraper, seen: number, nowMs: number): void {
    const known = this.#find(scraper) ?? { ...scraper, baseline: seen, seen, lastMs: nowMs };
    known.connection = scraper.connection;
    known.seen = Math.max(known.seen, seen);
    known.lastMs = nowMs;
    this.#scrapers = [...this.#scrapers.filter((each) => each !== known), known].slice(-SCRAPERS_MAX);
  }

  /** One whose connection was closed meanwhile comes back on another. */
  #find({ name, connection }: Scraper): KnownScraper | undefined {
    return (
      this.#scrapers.find((each) => each.connection === connection) ??
      this.#scrapers.find((each) => each.name === name && each.connection.destroyed)
    );
  }
}
