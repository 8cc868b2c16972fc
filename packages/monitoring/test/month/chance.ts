/** Numbers that look like chance and are the same for the same seed. */
export interface Chance {
  /** From 0 to below 1. */
  next(): number;
  /** Whether something happens that has this probability. */
  happens(probability: number): boolean;
  /** How often something happens that is expected so often. */
  times(expected: number): number;
}

/** mulberry32 by Tommy Ettinger, which is in the public domain: good enough for traffic, and a few lines. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, happens: (probability) => next() < probability, times: (expected) => timesOf(expected, next) };
}

/** A number of Poisson's distribution: exact for few, by the normal one for many. */
function timesOf(expected: number, next: () => number): number {
  if (expected <= 0) return 0;
  if (expected > 30) {
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    return Math.max(0, Math.round(expected + Math.sqrt(expected) * normal));
  }
  const limit = Math.exp(-expected);
  let count = 0;
  for (let product = next(); product > limit; product *= next()) count++;
  return count;
}
