import { describe, expect, test } from "vitest";
import { FirstIncreases, type Scraper } from "./first-increases.ts";

/** A counter that was born, and what each scraper has been shown of it. */
interface Born {
  readonly birth: number;
  value: number;
  readonly atMs: number;
  readonly shown: Map<string, number[]>;
}

class World {
  nowMs = 0;
  readonly firstIncreases = new FirstIncreases(() => this.nowMs);
  readonly series: Born[] = [];

  call(): Born {
    const born = { birth: this.firstIncreases.birth(), value: 1, atMs: this.nowMs, shown: new Map<string, number[]>() };
    this.series.push(born);
    return born;
  }

  /** What the scraper is shown of each series. */
  scrape(scraper: Scraper & { readonly key?: string }, arrives = true): readonly number[] {
    const { heldFrom, shown } = this.firstIncreases.look(scraper);
    const values = this.series.map(({ birth, value }) => (birth >= heldFrom ? 0 : value));
    if (!arrives) return values;
    shown();
    for (const [index, { shown: known }] of this.series.entries()) {
      const key = scraper.key ?? scraper.name;
      known.set(key, [...(known.get(key) ?? []), values[index] ?? Number.NaN]);
    }
    return values;
  }
}

function open(name = "a") {
  return { name, connection: { destroyed: false } };
}

describe("a series that is new", () => {
  test("is shown as 0 once, then as it is; what was there at the first scrape is never shown as 0", () => {
    const world = new World();
    const scraper = open();
    world.call();
    expect(world.scrape(scraper)).toEqual([1]);
    world.call();
    expect(world.scrape(scraper)).toEqual([1, 0]);
    expect(world.scrape(scraper)).toEqual([1, 1]);
  });

  test("is shown as it is to who is no scraper", () => {
    const world = new World();
    world.call();
    expect(world.firstIncreases.look(undefined).heldFrom).toBe(Infinity);
  });

  test("waits for every scraper, and never falls back to 0 for one that comes later", () => {
    const world = new World();
    const [first, second, third] = [open("1"), open("2"), open("3")];
    for (const each of [first, second]) world.scrape(each);
    world.call();
    expect([first, first, second].map((each) => world.scrape(each)[0])).toEqual([0, 0, 0]);
    expect(world.scrape(first)).toEqual([1]);
    expect(world.scrape(third)).toEqual([1]);
    expect(world.scrape(second)).toEqual([1]);
  });

  test("is not shown as 0 to a scraper that came while others still wait for it", () => {
    const world = new World();
    const [first, second, late] = [open("1"), open("2"), open("3")];
    for (const each of [first, second]) world.scrape(each);
    world.call();
    expect([late, first, late, late].map((each) => world.scrape(each)[0])).toEqual([1, 0, 1, 1]);
  });

  test("waits for two scrapers of one name while their connections are open", () => {
    const world = new World();
    const [first, second] = [open(), open()];
    for (const each of [first, second]) world.scrape(each);
    world.call();
    expect([first, second, first, second].map((each) => world.scrape(each)[0])).toEqual([0, 0, 1, 1]);
  });

  test("does not wait for a connection that a scraper has replaced by another", () => {
    const world = new World();
    const answers = [0, 1, 2, 3].map((round) => {
      const scraper = open();
      if (round === 1) world.call();
      const [value] = world.scrape(scraper);
      scraper.connection.destroyed = true;
      return value;
    });
    expect(answers).toEqual([undefined, 0, 1, 1]);
  });

  test("is held back no longer than two and a half minutes, for whom it may", () => {
    const world = new World();
    const [stays, leaves] = [open("stays"), open("leaves")];
    for (const each of [stays, leaves]) world.scrape(each);
    world.call();
    for (let minute = 0; minute < 150; minute += 10) {
      world.nowMs += 10_000;
      expect(world.scrape(stays)).toEqual([0]);
    }
    world.nowMs += 10_000;
    expect(world.scrape(stays)).toEqual([1]);
  });

  test("is shown as it is when it is older than that: a scraper that comes back late must not see a leap", () => {
    const world = new World();
    const scraper = open();
    world.scrape(scraper);
    world.call();
    world.nowMs = 100_000;
    world.call();
    world.nowMs = 151_000;
    expect(world.scrape({ ...scraper })).toEqual([1, 1]);
    world.nowMs = 300_000;
    world.call();
    world.nowMs = 301_000;
    expect(world.scrape(scraper)).toEqual([1, 1, 0]);
  });

  test("is shown as 0 again when the answer did not arrive", () => {
    const world = new World();
    const scraper = open();
    world.scrape(scraper);
    world.call();
    world.scrape(scraper, false);
    expect(world.scrape(scraper)).toEqual([0]);
    expect(world.scrape(scraper)).toEqual([1]);
  });
});

describe("any mixture of scrapers, births and lost answers", () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed + 1))(
    "shows each scraper 0 first and never falls (seed %i)",
    (seed) => {
      const random = randomOf(seed);
      const world = new World();
      const scrapers = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => ({
        key: `scraper-${index}`,
        // Some share a name, as replicas behind one address do, and then keep their connections.
        name: random() < 0.5 ? "shared" : `own-${index}`,
        connection: { destroyed: false },
        everyMs: [1_000, 10_000, 15_000, 60_000][Math.floor(random() * 4)] as number,
        nextMs: random() * 10_000,
      }));
      const scraped = new Set<string>();
      for (let step = 0; step < 400; step++) {
        const next = scrapers.toSorted((a, b) => a.nextMs - b.nextMs)[0];
        if (next === undefined) throw new Error("there is always a scraper");
        world.nowMs = Math.max(world.nowMs, next.nextMs);
        next.nextMs += next.everyMs;
        // Two lost answers of one that asks once a minute take longer than anything is held back.
        const arrives = next.everyMs === 60_000 || random() > 0.05;
        world.scrape(next, arrives);
        if (arrives) scraped.add(next.key);
        if (!next.name.startsWith("shared") && random() < 0.2) {
          next.connection.destroyed = true;
          next.connection = { destroyed: false };
        }
        // Only births that every scraper was there for are promised to be seen by every one.
        if (scraped.size === scrapers.length && random() < 0.3) world.call();
        for (const series of world.series) if (random() < 0.3) series.value += 1;
      }
      for (const { shown } of world.series) {
        for (const values of shown.values()) {
          expect(values[0]).toBe(0);
          expect(values).toEqual(values.toSorted((a, b) => a - b));
        }
      }
      const old = world.series.filter(({ atMs }) => world.nowMs - atMs > 300_000);
      for (const { shown } of old) for (const values of shown.values()) expect(values.at(-1)).toBeGreaterThan(0);
    },
  );
});

/** The generator mulberry32, so that a failing seed can be run again. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
