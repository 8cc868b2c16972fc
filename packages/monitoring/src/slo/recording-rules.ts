import type { Context } from "../context.ts";
import { type RecordName, recordingRule, type TypedRecordingRule } from "../define.ts";
import type { RecordingRule, Slo } from "../model.ts";
import { type Duration, fromSeconds, toSeconds } from "../promql/duration.ts";
import { avgOverTime, constant, eventsOverTime, seenOver, sumOverTime } from "../promql/functions.ts";
import { complement, divide, or, partOf, portion, subtractFrom, zero } from "../promql/operators.ts";
import type { Vector } from "../promql/vector.ts";
import type { Indicator } from "./indicators.ts";

/** Windows from a day on are evaluated less often, as the settings say. */
const LONG_SECONDS = 86_400;

/** The error ratio of one SLO over one window. */
export type ErrorRatio = TypedRecordingRule<RecordName, "job" | "slo", "fraction">;

/**
 * The share of one window in which the SLO was recorded. What nobody saw counts as good: of the month of a gateway that is
 * an hour old and had a bad minute, a minute was bad, and not a sixtieth of it.
 */
export type Seen = TypedRecordingRule<RecordName, "job" | "slo", "fraction">;

/** How many events were bad within one window. */
export type BadEvents = TypedRecordingRule<RecordName, "job" | "slo", "rate">;

/** What is recorded about one SLO. */
export interface SloRecords {
  readonly slo: Slo;
  /** All rules, in the order in which they depend on each other. */
  readonly rules: readonly RecordingRule[];
  /** The error ratio over a window of a burn-rate alert, the base window or the period. */
  readonly errorRatio: (window: Duration) => ErrorRatio;
  /** How much was seen of the long window of a burn-rate alert, or of the period. */
  readonly seen: (window: Duration) => Seen;
  /** How many events were bad within the long window of a burn-rate alert; `undefined` where time is counted. */
  readonly badEvents: (window: Duration) => BadEvents | undefined;
  /** The rate of bad events of each server; `undefined` where they have none. */
  readonly badByServer: TypedRecordingRule<RecordName, "job" | "mcp_server" | "slo", "rate"> | undefined;
  readonly budgetRemaining: TypedRecordingRule<RecordName, "job" | "slo", "level">;
}

/** Records an SLO: its events, its error ratio over every window, its objective and what remains of its budget. */
export function recordSlo(context: Context, slo: Slo, indicator: Indicator): SloRecords {
  const labels = { slo: slo.name };
  const { baseWindow, longEvery } = context.options.burn;
  const base = baseRules(context, slo, indicator);
  const ratios = new Map(
    windowsOf(slo, baseWindow).map((window) => {
      const every = toSeconds(window) >= LONG_SECONDS ? { labels, every: longEvery } : { labels };
      const record = `job_slo:mcp_hangar_slo_errors:ratio_rate${window}` as const;
      return [window, recordingRule<RecordName, "job" | "slo", "fraction">(record, base.ratioOver(window), every)];
    }),
  );
  const errorRatio = (window: Duration): ErrorRatio => {
    const ratio = ratios.get(window);
    if (ratio === undefined) throw new RangeError(`The SLO ${slo.name} has no window ${window}.`);
    return ratio;
  };
  const badCounts = base.badOver === undefined ? new Map<Duration, BadEvents>() : badEvents(context, slo, base.badOver);
  const seen = seenWindows(context, slo, base.seenOver);
  const seenOf = (window: Duration): Seen => {
    const found = seen.get(window);
    if (found === undefined) throw new RangeError(`The SLO ${slo.name} has no long window ${window}.`);
    return found;
  };
  const inPeriod = context.rules.series(errorRatio(slo.period).metric, labels);
  const spent = divide(partOf(inPeriod, context.rules.series(seenOf(slo.period).metric, labels)), slo.budget);
  const budgetRemaining = recordingRule<RecordName, "job" | "slo", "level">(
    `job_slo:mcp_hangar_slo_budget:remaining${slo.period}`,
    subtractFrom(1, spent),
    { labels, every: longEvery },
  );
  const objective = recordingRule("slo:mcp_hangar_slo_objective:ratio", constant(slo.objective), { labels });
  const badByServer =
    indicator.kind === "time" || indicator.badByServer === undefined
      ? undefined
      : recordingRule<RecordName, "job" | "mcp_server", "rate", "slo">(
          `job_mcp_server_slo:mcp_hangar_slo_bad:rate${baseWindow}`,
          indicator.badByServer,
          { labels },
        );
  return {
    slo,
    badByServer,
    rules: [
      objective,
      ...base.rules,
      ...(badByServer === undefined ? [] : [badByServer]),
      ...ratios.values(),
      ...seen.values(),
      ...badCounts.values(),
      budgetRemaining,
    ],
    errorRatio,
    seen: seenOf,
    badEvents: (window) => badCounts.get(window),
    budgetRemaining,
  };
}

/** For every long window of an alert, and for the period. */
function seenWindows(
  { options }: Context,
  { name, windows, period }: Slo,
  seenOver: BaseRules["seenOver"],
): ReadonlyMap<Duration, Seen> {
  const longs = [...windows.map(({ long }) => fromSeconds(toSeconds(long))), fromSeconds(toSeconds(period))];
  return new Map(
    longs.map((window) => {
      const every = toSeconds(window) >= LONG_SECONDS ? { every: options.burn.longEvery } : {};
      const record = `job_slo:mcp_hangar_slo_window:seen${window}` as const;
      const rule = { labels: { slo: name }, ...every };
      return [window, recordingRule<RecordName, "job" | "slo", "fraction">(record, seenOver(window), rule)];
    }),
  );
}

/** For every window whose alert asks for a minimum. */
function badEvents(
  { options }: Context,
  { name, windows }: Slo,
  badOver: NonNullable<BaseRules["badOver"]>,
): ReadonlyMap<Duration, BadEvents> {
  const longs = windows.filter(({ minimum }) => minimum > 0).map(({ long }) => fromSeconds(toSeconds(long)));
  return new Map(
    longs.map((window) => {
      const every = toSeconds(window) >= LONG_SECONDS ? { every: options.burn.longEvery } : {};
      const record = `job_slo:mcp_hangar_slo_bad:increase${window}` as const;
      return [
        window,
        recordingRule<RecordName, "job" | "slo", "rate">(record, badOver(window), { labels: { slo: name }, ...every }),
      ];
    }),
  );
}

interface BaseRules {
  readonly rules: readonly RecordingRule[];
  readonly ratioOver: (window: Duration) => Vector<"job" | "slo", "fraction">;
  readonly seenOver: (window: Duration) => Vector<"job" | "slo", "fraction">;
  readonly badOver?: (window: Duration) => Vector<"job" | "slo", "rate">;
}

function baseRules({ rules, options }: Context, { name }: Slo, indicator: Indicator): BaseRules {
  const labels = { slo: name };
  if (indicator.kind === "time") {
    const good = recordingRule("job_slo:mcp_hangar_slo_good:ratio", indicator.good, { labels });
    const goodSeries = rules.series(good.metric, labels);
    return {
      rules: [good],
      ratioOver: (window) => complement(avgOverTime(goodSeries, window)),
      seenOver: (window) => seenOver(goodSeries, window),
    };
  }
  // Without failures there may be no series of failures; zero must be recorded, for sums over time cannot tell.
  const base = options.burn.baseWindow;
  const anyBad = or(indicator.bad, zero(indicator.valid));
  const bad = recordingRule(`job_slo:mcp_hangar_slo_bad:rate${base}`, anyBad, { labels });
  const valid = recordingRule(`job_slo:mcp_hangar_slo_valid:rate${base}`, indicator.valid, { labels });
  const [badSeries, validSeries] = [rules.series(bad.metric, labels), rules.series(valid.metric, labels)];
  return {
    rules: [bad, valid],
    ratioOver: (window) =>
      window === base
        ? portion(badSeries, validSeries)
        : portion(sumOverTime(badSeries, window), sumOverTime(validSeries, window)),
    seenOver: (window) => seenOver(validSeries, window),
    badOver: (window) => eventsOverTime(badSeries, window, toSeconds(options.evaluationInterval)),
  };
}

/** Every window of the alerts, the base window and the period, shortest first. */
function windowsOf({ windows, period }: Slo, base: Duration): readonly Duration[] {
  const windowsUsed: readonly Duration[] = [base, period, ...windows.flatMap(({ long, short }) => [long, short])];
  const seconds = new Set(windowsUsed.map(toSeconds));
  return [...seconds].sort((a, b) => a - b).map(fromSeconds);
}
