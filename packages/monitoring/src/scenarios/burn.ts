import { fromSeconds } from "../promql/duration.ts";
import { looksAt } from "../promql/functions.ts";

/** A stretch in which a share of all events, or of the time, is bad; `undefined` while there are no events. */
export interface Burn {
  readonly errorRatio: number | undefined;
  readonly steps: number;
  readonly restarted?: boolean;
  /** How many events there are, compared with other stretches; 1 unless said. */
  readonly volume?: number;
}

/** What a burn-rate alert reads, in seconds. */
export interface BurnClock {
  /** Between two evaluations. */
  readonly step: number;
  readonly long: number;
  readonly short: number;
  readonly wait: number;
  /** The window of the recorded rates; 0 where levels are recorded as they are. */
  readonly base: number;
  readonly threshold: number;
  /** Bad events that the long window must hold, where events are counted. */
  readonly minimum?: {
    readonly count: number;
    /** Events at each evaluation of a stretch of volume 1, as the rule counts them. */
    readonly each: number;
  };
}

/**
 * At which evaluations a burn-rate alert fires, worked out from its definition and not from its expression, so that
 * both have to agree. The first evaluation is at time zero.
 */
export function firingSteps(burns: readonly Burn[], clock: BurnClock): readonly boolean[] {
  const recorded = recordedRates(burns, clock);
  // The rates themselves are already means over the base window.
  const steps = (seconds: number): number => (seconds === clock.base ? 0 : Math.floor(seconds / clock.step));
  const over = (seconds: number, now: number): Rates => sumOf(recorded, Math.max(0, now - steps(seconds)), now);
  const seenOf = shareSeen(clock, recorded.length);
  let pending: number | undefined;
  return recorded.map((_, now) => {
    // The short window only says that it goes on. It is the quicker to add up, and mostly decides.
    const isBurning =
      isBeyond(over(clock.short, now), 1, clock) && isBeyond(over(clock.long, now), seenOf(now * clock.step), clock);
    const isEnough = clock.minimum === undefined || !isBurning || isEnoughFor(clock.minimum, over(clock.long, now));
    pending = isBurning && isEnough ? (pending ?? now) : undefined;
    return pending !== undefined && (now - pending) * clock.step >= clock.wait;
  });
}

function isBeyond({ bad, valid }: Rates, seen: number, { threshold }: BurnClock): boolean {
  return valid > 0 && (bad / valid) * seen > threshold;
}

function isEnoughFor({ count, each }: NonNullable<BurnClock["minimum"]>, { bad }: Rates): boolean {
  return bad * each >= count;
}

/** How long Prometheus takes the last value of a series for the present one. */
const LOOKBACK_SECONDS = 300;

/**
 * How much of the long window was seen by a time in seconds: the looks at it, from its beginning to then, that found something
 * recorded. Looks are counted once for all times of a story of so many evaluations.
 */
function shareSeen({ step, base, long }: BurnClock, evaluations: number): (now: number) => number {
  const { every, count } = looksAt(fromSeconds(long));
  // Rates need two samples, so that nothing is recorded at time zero.
  const first = base === 0 ? 0 : step;
  const looks = Math.floor((evaluations * step) / every) + 1;
  // How many of the looks before each have found something.
  const foundBefore = [0];
  for (let look = 0; look < looks; look++) {
    const at = look * every;
    const recorded = Math.floor(at / step) * step;
    const found = recorded >= first && at - recorded < LOOKBACK_SECONDS;
    foundBefore.push((foundBefore[look] ?? 0) + (found ? 1 : 0));
  }
  return (now) => {
    const from = Math.ceil(Math.max(0, now - long) / every);
    const found = (foundBefore[Math.floor(now / every) + 1] ?? 0) - (foundBefore[from] ?? 0);
    return Math.min(1, found / count);
  };
}

interface Rates {
  readonly bad: number;
  readonly valid: number;
}

/** What was recorded from one evaluation to another, both of them included. */
function sumOf(rates: readonly Rates[], from: number, to: number): Rates {
  let [bad, valid] = [0, 0];
  for (let at = from; at <= to; at++) {
    bad += rates[at]?.bad ?? 0;
    valid += rates[at]?.valid ?? 0;
  }
  return { bad, valid };
}

/** The rates that are recorded at each evaluation: means over the base window, which is empty before time zero. */
function recordedRates(burns: readonly Burn[], { step, base }: BurnClock): readonly Rates[] {
  const total = burns.reduce((sum, { steps }) => sum + steps, 0);
  return Array.from({ length: total + 1 }, (_, now) => {
    const until = now * step;
    // A level at time zero is that of the first stretch.
    if (base === 0) return meanOf(burns, Math.max(0, now - 1) * step, Math.max(1, now) * step, step, step);
    return meanOf(burns, Math.max(0, until - base), until, step, base);
  });
}

function meanOf(burns: readonly Burn[], from: number, until: number, step: number, window: number): Rates {
  let [start, bad, valid] = [0, 0, 0];
  for (const { errorRatio, steps, volume = 1 } of burns) {
    const end = start + steps * step;
    const overlap = (volume * Math.max(0, Math.min(until, end) - Math.max(from, start))) / window;
    if (errorRatio !== undefined) {
      valid += overlap;
      bad += overlap * errorRatio;
    }
    start = end;
  }
  return { bad, valid };
}
