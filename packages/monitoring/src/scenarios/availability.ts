import type { Context } from "../context.ts";
import { SCENARIO_KINDS, type Scenario, type ScenarioKind, type Topic } from "../model.ts";
import { fromSeconds, toSeconds } from "../promql/duration.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { gauge, steady } from "./series.ts";
import { alertNamed, type Coverage, play, type Story, stepOf, tell, together } from "./story.ts";

const up = [
  ...gauge(prometheusMetrics.up, {}, { healthy: 1, below: 1, above: 0 }),
  ...steady(prometheusMetrics.up, {}, 1, "b:8000"),
];

/** A target that stops answering, and one that is gone; the heartbeat. */
export function availability(context: Context, { alerts }: Topic): Coverage {
  const story: Story = {
    course: { kind: "level" },
    series: up,
    firing: { instance: "a:8000" },
    except: ["missing series"],
  };
  return together(
    tell(context, alertNamed(alerts, "NotResponding"), [story], { scenarios: goneTargets(context) }),
    tell(context, alertNamed(alerts, "Watchdog"), [], { scenarios: heartbeat(context), waived: heartbeatReasons }),
  );
}

/** No series of `up` is what this alert is about, so it fires where others stay silent. */
function goneTargets(context: Context): readonly Scenario[] {
  const { jobName, evaluationInterval, alerts } = context.options;
  const step = stepOf(context);
  const wait = Math.ceil(toSeconds(alerts.NotResponding.for) / step);
  const at = (steps: number) => fromSeconds(steps * step);
  const common = { alert: "MCPHangarNotResponding", kind: "missing series", interval: evaluationInterval } as const;
  const here = play(up, [{ mood: "healthy", steps: 4 }], jobName, step);
  const elsewhere = play(up, [{ mood: "healthy", steps: wait + 8 }], "another-job", step);
  const firing = [{ job: jobName }];
  return [
    {
      ...common,
      title: "service discovery knows no gateway, only targets of another job",
      series: elsewhere,
      expect: [
        { at: at(wait - 1), firing: [] },
        { at: at(wait), firing },
      ],
    },
    {
      ...common,
      title: "the targets leave service discovery",
      series: here.map((each) => ({ ...each, values: `${each.values} stale` })),
      expect: [
        { at: at(4 + wait), firing: [] },
        { at: at(5 + wait), firing },
      ],
    },
    {
      ...common,
      title: "the targets come back",
      series: here.map((each) => ({ ...each, values: `${each.values} stale _x${wait} 1x4` })),
      expect: [
        { at: at(5 + wait), firing },
        { at: at(6 + wait), firing: [] },
      ],
    },
  ];
}

const heartbeatReasons: Partial<Record<ScenarioKind, string>> = {
  "just below stays silent": "It has no threshold: it always fires.",
  resolves: "It never resolves; that it stops is what somebody outside has to notice.",
  "counter reset": "It reads no counter.",
};

function heartbeat({ options }: Context): readonly Scenario[] {
  return SCENARIO_KINDS.filter((kind) => heartbeatReasons[kind] === undefined).map((kind) => ({
    alert: "MCPHangarWatchdog",
    kind,
    title: "the heartbeat beats",
    interval: options.evaluationInterval,
    series: [],
    expect: [
      { at: "0s", firing: [{}] },
      { at: "1h", firing: [{}] },
    ],
  }));
}
