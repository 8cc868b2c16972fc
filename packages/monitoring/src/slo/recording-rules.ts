import type { Context } from "../context.ts";
import { type RecordName, recordingRule, type TypedRecordingRule } from "../define.ts";
import type { RecordingRule, Slo } from "../model.ts";
import { type Duration, fromSeconds, toSeconds } from "../promql/duration.ts";
import { avgOverTime, constant, eventsOverTime, sumOverTime } from "../promql/functions.ts";
import { complement, divide, or, portion, subtractFrom, zero } from "../promql/operators.ts";
import type { Vector } from "../promql/vector.ts";
import type { Indicator } from "./indicators.ts";

/** Windows from a day on are evaluated less often, as the settings say. */
const LONG_SECONDS = 86_400;

/** The error ratio of one SLO over one window. */
export type ErrorRatio = TypedRecordingRule<RecordName, "job" | "slo", "fraction">;

/** How many events were bad within one window. */
export type BadEvents = TypedRecordingRule<RecordName, "job" | "slo", "rate">;

/** What is recorded about one SLO. */
export interface SloRecords {
  readonly slo: Slo;
  /** All rules, in the order in which they depend on each other. */
  readonly rules: readonly RecordingRule[];
  /** The error ratio over a window of a burn-rate alert, the base window or the period. */
  readonly errorRatio: (window: Duration) => ErrorRatio;
  /** How many events were bad within the long window of a burn-rate alert; `undefined` where time is counted. */
  readonly badEvents: (window: Duration) => BadEvents | undefined;
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
  const spent = divide(context.rules.series(errorRatio(slo.period).metric, labels), slo.budget);
  const budgetRemaining = recordingRule<RecordName, "job" | "slo", "level">(
    `job_slo:mcp_hangar_slo_budget:remaining${slo.period}`,
    subtractFrom(1, spent),
    { labels, every: longEvery },
  );
  const objective = recordingRule("slo:mcp_hangar_slo_objective:ratio", constant(slo.objective), { labels });
  return {
    slo,
    rules: [objective, ...base.rules, ...ratios.values(), ...badCounts.values(), budgetRemaining],
    errorRatio,
    badEvents: (window) => badCounts.get(window),
    budgetRemaining,
  };
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
  readonly badOver?: (window: Duration) => Vector<"job" | "slo", "rate">;
}

function baseRules({ rules, options }: Context, { name }: Slo, indicator: Indicator): BaseRules {
  const labels = { slo: name };
  if (indicator.kind === "time") {
    const good = recordingRule("job_slo:mcp_hangar_slo_good:ratio", indicator.good, { labels });
    const goodSeries = rules.series(good.metric, labels);
    return { rules: [good], ratioOver: (window) => complement(avgOverTime(goodSeries, window)) };
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
    badOver: (window) => eventsOverTime(badSeries, window, toSeconds(options.evaluationInterval)),
  };
}

/** Every window of the alerts, the base window and the period, shortest first. */
function windowsOf({ windows, period }: Slo, base: Duration): readonly Duration[] {
  const windowsUsed: readonly Duration[] = [base, period, ...windows.flatMap(({ long, short }) => [long, short])];
  const seconds = new Set(windowsUsed.map(toSeconds));
  return [...seconds].sort((a, b) => a - b).map(fromSeconds);
}
