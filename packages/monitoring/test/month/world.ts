import type { MinuteSeries } from "./backfilled.ts";
import { type Chance, chance } from "./chance.ts";
import type { FleetModel } from "./fleets.ts";
import { type Course, counterSeries, gaugeSeries, type Scrapes } from "./series-of.ts";

export const DAY = 1_440;
const SCRAPES_A_MINUTE = 6;
/** How long a gateway is away when it is replaced. */
const RESTART_SECONDS = 20;
/** Of the deployments one in seven is taken back, within a quarter of an hour. */
const TAKEN_BACK = { share: 1 / 7, minutes: 15 } as const;

type Values = readonly number[];
type Metric = Course["metric"];
type Labels = Course["labels"];
/** One series of a gateway, from what it did in each minute. */
export type MakeSeries = (metric: Metric, labels: Labels, minutes: Values) => MinuteSeries;

/** One gateway of a fleet: what happens to it, and how its series are made. */
export interface GatewayWorld {
  readonly fleet: FleetModel;
  readonly target: Labels;
  readonly by: Chance;
  /** The part of each minute in which it could be scraped, from 0 to 1. */
  readonly up: Values;
  /** Calls a minute that are expected. */
  readonly load: Values;
  /** Minutes since its process has started. */
  readonly age: Values;
  readonly restarts: ReadonlySet<number>;
  /** What there is in each minute. */
  readonly each: <Value>(make: (minute: number) => Value) => readonly Value[];
  /** The minutes in which something happens that is expected so often a day. */
  readonly rare: (expectedADay: number) => ReadonlySet<number>;
  /** The minutes of what is expected so often a day and lasts from one minute to so many. */
  readonly spells: (expectedADay: number, longest: number) => ReadonlySet<number>;
  readonly gauge: MakeSeries;
  readonly counter: MakeSeries;
  /** All observations, and those beyond each boundary. */
  readonly histogram: (
    metric: Metric,
    labels: Labels,
    all: Values,
    beyond: Readonly<Record<string, Values>>,
  ) => readonly MinuteSeries[];
}

/** A gateway, the `at`th of its fleet, for so many minutes. */
export function worldOf(fleet: FleetModel, at: number, minutes: number): GatewayWorld {
  const target = { job: "mcp-hangar", instance: `gateway-${at}:8000` };
  const random = withChance(chance(fleet.seed + 1_000 * at), minutes);
  const { by, each, rare } = random;
  const deployed = rare(fleet.deploymentsAWeek / 7);
  const takenBack = [...deployed]
    .filter(() => by.happens(TAKEN_BACK.share))
    .map((minute) => minute + 2 + Math.floor(TAKEN_BACK.minutes * by.next()));
  const restarts = deployed.union(new Set(takenBack));
  const lost = each(() => by.times((SCRAPES_A_MINUTE * fleet.lostScrapes) / 10_000));
  const scrapes: Scrapes = {
    restarts,
    seen: each((minute) => !restarts.has(minute) && lost[minute] === 0),
  };
  let started = 0;
  const age = each((minute) => {
    if (restarts.has(minute)) started = minute;
    return minute - started;
  });
  return {
    ...random,
    ...makersOf(target, scrapes),
    fleet,
    target,
    restarts,
    age,
    load: each((minute) => daily(minute) * fleet.callsAMinute),
    // A minute is one value here, and most outages are shorter: it is the share of the minute in which it was up.
    up: each(
      (minute) =>
        1 - (restarts.has(minute) ? RESTART_SECONDS / 60 : Math.min(1, (lost[minute] ?? 0) / SCRAPES_A_MINUTE)),
    ),
  };
}

/** The same gateway with chances of its own for one part of it, so that what is drawn there changes nothing elsewhere. */
export function partOf(world: GatewayWorld, part: number): GatewayWorld {
  const name = Buffer.from(world.target.instance ?? "").reduce((hash, byte) => 31 * hash + byte, 7);
  const seed = world.fleet.seed + 100 * part + name;
  return { ...world, ...withChance(chance(seed), world.load.length) };
}

/** How many of so many, each with this probability. */
export function someOf(count: number, probability: number, by: Chance): number {
  return Math.min(count, by.times(count * probability));
}

function withChance(by: Chance, minutes: number): Pick<GatewayWorld, "by" | "each" | "rare" | "spells"> {
  const each: GatewayWorld["each"] = (make) => Array.from({ length: minutes }, (_, minute) => make(minute));
  const rare: GatewayWorld["rare"] = (expectedADay) =>
    new Set(each((minute) => minute).filter(() => by.happens(expectedADay / DAY)));
  const spells: GatewayWorld["spells"] = (expectedADay, longest) =>
    new Set(
      [...rare(expectedADay)].flatMap((begin) =>
        Array.from({ length: 1 + Math.floor(longest * by.next()) }, (_, later) => begin + later),
      ),
    );
  return { by, each, rare, spells };
}

function makersOf(target: Labels, scrapes: Scrapes): Pick<GatewayWorld, "gauge" | "counter" | "histogram"> {
  const counterOf = (metric: Metric, labels: Labels, minutes: Values, suffix?: Course["suffix"]): MinuteSeries =>
    counterSeries({ metric, suffix, labels: { ...target, ...labels }, minutes }, scrapes);
  return {
    gauge: (metric, labels, minutes) => gaugeSeries({ metric, labels: { ...target, ...labels }, minutes }, scrapes),
    counter: counterOf,
    histogram: (metric, labels, all, beyond) => [
      ...Object.entries(beyond).map(([le, above]) =>
        counterOf(
          metric,
          { ...labels, le },
          all.map((count, minute) => count - (above[minute] ?? 0)),
          "_bucket",
        ),
      ),
      counterOf(metric, { ...labels, le: "+Inf" }, all, "_bucket"),
      counterOf(metric, labels, all, "_count"),
    ],
  };
}

/** More by day than by night; the average over a day is 1. */
function daily(minute: number): number {
  return 1 - 0.8 * Math.cos((2 * Math.PI * minute) / DAY);
}
