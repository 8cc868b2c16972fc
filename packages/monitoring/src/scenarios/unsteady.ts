import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { AlertRule, Scenario, ScenarioSeries, Topic } from "../model.ts";
import { fromSeconds, toSeconds } from "../promql/duration.ts";
import { runtime } from "../promql/external.ts";
import type { Metric } from "../promql/metric.ts";
import type { CountAlert } from "../settings/alerts.ts";
import { counter } from "./series.ts";
import { alertNamed, type Coverage, stepOf, tell, together } from "./story.ts";

const server = { mcp_server: "math" } as const;

/** Servers and breakers that come and go, servers that crash, and a gateway that restarts faster than it is scraped. */
export function unsteady(context: Context, { alerts }: Topic): Coverage {
  const { McpServerFlapping: flapping, McpServerCrashLooping: crashing, GatewayRestarting } = context.options.alerts;
  const crashes = counter(
    catalog.serverStops,
    { ...server, reason: "crashed" },
    { below: crashing.count, above: crashing.count + 1 },
  );
  const onDemand = counter(catalog.serverStops, { ...server, reason: "idle" }, 100);
  const told = (key: string, setting: CountAlert, changing: readonly Changing[]): Coverage => {
    const alert = alertNamed(alerts, key);
    const scenarios = alert === undefined ? [] : changing.flatMap((each) => changesOf(each, setting, alert, context));
    return tell(context, alert, [], { scenarios });
  };
  return together(
    told("McpServerFlapping", flapping, [
      { metric: catalog.serverUp, firing: server, value: (changes) => (changes + 1) % 2 },
      { metric: catalog.circuitBreakerState, firing: server, value: (changes) => 2 * (changes % 2) },
    ]),
    tell(context, alertNamed(alerts, "McpServerCrashLooping"), [
      { course: { kind: "event", window: crashing.window }, series: [...crashes, ...onDemand], firing: server },
    ]),
    told("GatewayRestarting", GatewayRestarting, [
      { metric: runtime.processStartTime, firing: {}, value: (changes) => 1_000 + changes },
    ]),
  );
}

/** A gauge that changes, and what it is after so many changes. */
interface Changing {
  readonly metric: Metric;
  readonly firing: Readonly<Record<string, string>>;
  readonly value: (changes: number) => number;
}

/** It changes at every step until it has changed often enough, or one time less, and then it stays. */
function changesOf(
  { metric, firing: own, value }: Changing,
  { count, window }: CountAlert,
  alert: AlertRule,
  context: Context,
): readonly Scenario[] {
  const { jobName, evaluationInterval } = context.options;
  const step = stepOf(context);
  const reach = toSeconds(window) / step;
  const lead = 4;
  const isOfInstance = Object.keys(own).length === 0;
  const instance = "a:8000";
  const labels = { job: jobName, ...(isOfInstance ? { instance } : {}), ...own };
  const at = (steps: number) => fromSeconds(steps * step);
  const series = (changes: number, job = jobName, ending = ""): readonly ScenarioSeries[] => {
    const changed = Array.from({ length: changes }, (_, index) => String(value(index + 1)));
    const values = [`${value(0)}x${lead}`, ...changed, `${value(changes)}x${2 * reach}`].join(" ");
    return [
      {
        metric,
        labels: { job, instance, ...own },
        values: ending === "" ? values : `${value(0)}x${lead} ${changed.join(" ")}${ending}`,
      },
      // Another gateway does not see any of it.
      { metric, labels: { job, instance: "b:8000", ...own }, values: `${value(0)}x${lead + changes + 2 * reach}` },
    ];
  };
  const last = lead + count + 1;
  const silent = (steps: number) => ({ at: at(steps), firing: [] });
  const firing = (steps: number) => ({ at: at(steps), firing: [labels] });
  const scenario = (
    kind: Scenario["kind"],
    title: string,
    given: readonly ScenarioSeries[],
    expect: Scenario["expect"],
  ) => ({
    alert: alert.id,
    kind,
    title: `${metric.name}: ${title}`,
    interval: evaluationInterval,
    series: given,
    expect,
  });
  return [
    scenario("fires", "it changes once too often", series(count + 1), [silent(last - 1), firing(last)]),
    scenario(
      "just below stays silent",
      "as often as is allowed, and another job more often",
      [...series(count), ...series(count + 1, "another-job")],
      [silent(last - 1), silent(last), silent(last + reach)],
    ),
    scenario("resolves", "it stays as it is", series(count + 1), [firing(lead + reach), silent(lead + reach + 1)]),
    scenario("idle healthy fleet", "it has never changed", series(0), [silent(0), silent(lead + reach)]),
    scenario("missing series", "there is none at all", [], [silent(last)]),
    scenario("missing series", "it ends in the midst of trouble", series(count + 1, jobName, " stale"), [
      firing(last),
      silent(last + reach + 1),
    ]),
  ];
}
