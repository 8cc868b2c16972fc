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
  let pending: number | undefined;
  return recorded.map((_, now) => {
    const isBurning = [clock.long, clock.short].every((seconds) => {
      const ratio = ratioOf(recorded.slice(Math.max(0, now - steps(seconds)), now + 1));
      // The short window only says that it goes on.
      const seen = seconds === clock.long ? seenOf(now * clock.step, seconds, clock) : 1;
      return ratio !== undefined && ratio * seen > clock.threshold;
    });
    const bad = recorded.slice(Math.max(0, now - steps(clock.long)), now + 1).reduce((sum, each) => sum + each.bad, 0);
    const isEnough = clock.minimum === undefined || bad * clock.minimum.each >= clock.minimum.count;
    pending = isBurning && isEnough ? (pending ?? now) : undefined;
    return pending !== undefined && (now - pending) * clock.step >= clock.wait;
  });
}

/** How long Prometheus takes the last value of a series for the present one. */
const LOOKBACK_SECONDS = 300;

/** How much of a window was seen by then: the looks at it, from its beginning to now, that found something recorded. */
function seenOf(now: number, seconds: number, { step, base }: BurnClock): number {
  const { every, count } = looksAt(fromSeconds(seconds));
  // Rates need two samples, so that nothing is recorded at time zero.
  const first = base === 0 ? 0 : step;
  const from = Math.ceil(Math.max(0, now - seconds) / every);
  const looks = Array.from({ length: Math.floor(now / every) - from + 1 }, (_, index) => (from + index) * every);
  const found = looks.filter((at) => {
    const recorded = Math.floor(at / step) * step;
    return recorded >= first && at - recorded < LOOKBACK_SECONDS;
  });
  return Math.min(1, found.length / count);
}

interface Rates {
  readonly bad: number;
  readonly valid: number;
}

function ratioOf(rates: readonly Rates[]): number | undefined {
  const bad = rates.reduce((sum, each) => sum + each.bad, 0);
  const valid = rates.reduce((sum, each) => sum + each.valid, 0);
  return valid > 0 ? bad / valid : undefined;
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
