import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { AlertRule, Scenario, Topic } from "../model.ts";
import { ALERT_PREFIX } from "../names.ts";
import { fromSeconds, toSeconds } from "../promql/duration.ts";
import { prometheusMetrics } from "../promql/external.ts";
import type { QuantileAlert } from "../settings/alerts.ts";
import { complementOf } from "../slo/decimal.ts";
import { PAGES_FOR_A_SERVER } from "../topics/paged-for.ts";
import { counter, histogram } from "./series.ts";
import { alertNamed, around, type Coverage, inShares, play, type Story, stepOf, tell, together } from "./story.ts";

const { toolCalls: calls, toolCallErrors: errors, toolCallDuration: duration } = catalog;
const tool = { mcp_server: "math", tool: "add" } as const;
const other = { mcp_server: "files", tool: "read" } as const;

/** Calls that fail, calls that are slow, and very many calls. */
export function toolCalls(context: Context, { alerts }: Topic): Coverage {
  const { options } = context;
  const latency = (setting: QuantileAlert<typeof duration>, firing: Story["firing"]): readonly Story[] =>
    inShares(complementOf(setting.quantile), setting, context, ({ each, ...beyond }) => ({
      course: { kind: "average", window: setting.window },
      series: histogram(duration, tool, { limit: setting.limit, each, beyond }),
      firing,
      share: {},
    }));
  return together(
    tell(context, alertNamed(alerts, "HighErrorRate"), failures(context), {
      scenarios: besidesPages(context, alertNamed(alerts, "HighErrorRate")),
    }),
    tell(context, alertNamed(alerts, "HighErrorRate", "server"), failuresOfOne(context)),
    tell(context, alertNamed(alerts, "HighLatencyP95"), latency(options.alerts.HighLatencyP95, {})),
    tell(context, alertNamed(alerts, "HighLatencyP99"), latency(options.alerts.HighLatencyP99, {})),
    tell(context, alertNamed(alerts, "HighLatencyByTool"), latency(options.alerts.HighLatencyByTool, tool)),
    tell(context, alertNamed(alerts, "HighToolCallVolume"), [volume(context)]),
  );
}

/** Of several servers, of which none has too many. */
function failures(context: Context): readonly Story[] {
  const setting = context.options.alerts.HighErrorRate;
  return inShares(setting.share, setting, context, ({ each, below, above }) => {
    const failed = { below: (each * below) / 4, above: (each * above) / 4 };
    const succeeded = { healthy: each / 2, below: (each * (1 - below)) / 2, above: (each * (1 - above)) / 2 };
    return {
      course: { kind: "average", window: setting.window },
      series: [tool, other].flatMap((where) => [
        ...counter(calls, { ...where, status: "success" }, succeeded),
        ...counter(calls, { ...where, status: "error" }, failed),
        ...counter(calls, { ...where, status: "timeout" }, failed),
        // What callers do wrong is no failure, and hides none.
        ...counter(calls, { ...where, status: "rejected" }, each),
        ...counter(calls, { ...where, status: "cancelled" }, each),
        ...counter(errors, { ...where, error_type: "connection" }, failed),
        ...counter(errors, { ...where, error_type: "timeout" }, failed),
      ]),
      firing: {},
      share: { part: ({ metric }) => metric === errors },
    };
  });
}

/** Of one server, beside others that are well. */
function failuresOfOne(context: Context): readonly Story[] {
  const setting = context.options.alerts.HighErrorRate;
  return inShares(setting.share, setting, context, ({ each, below, above }) => {
    const failed = { below: (each * below) / 2, above: (each * above) / 2 };
    return {
      course: { kind: "average", window: setting.window },
      series: [
        ...counter(
          calls,
          { ...other, status: "success" },
          {
            healthy: each,
            below: each * (1 - below),
            above: each * (1 - above),
          },
        ),
        ...counter(calls, { ...tool, status: "error" }, failed),
        ...counter(calls, { ...tool, status: "timeout" }, failed),
        ...counter(calls, { ...tool, status: "rejected" }, each),
        ...counter(calls, { ...tool, status: "cancelled" }, each),
        ...counter(errors, { ...tool, error_type: "connection" }, failed),
        ...counter(errors, { ...tool, error_type: "timeout" }, failed),
      ],
      firing: { mcp_server: tool.mcp_server },
      share: {},
    };
  });
}

/** Two servers that together fail too many calls, while there is, or is about to be, a page for one of them. */
function besidesPages(context: Context, alert: AlertRule | undefined): readonly Scenario[] {
  if (alert === undefined) return [];
  const { share, minimum, window } = context.options.alerts.HighErrorRate;
  const many = besidePage(context, alert, { each: 10_000, paged: 0.8 * share, others: 0.4 * share }, "");
  if (minimum <= 0) return many;
  // The other one fails too large a share, but too few calls.
  const steps = toSeconds(window) / stepOf(context);
  const few = { each: (0.9 * minimum) / (1.2 * share * steps), paged: 0.8 * share, others: 1.2 * share };
  return [...many, ...besidePage(context, alert, few, ", few events")];
}

function besidePage(
  context: Context,
  alert: AlertRule,
  { each, ...shares }: { readonly each: number; readonly paged: number; readonly others: number },
  about: string,
): readonly Scenario[] {
  const { window, for: wait } = context.options.alerts.HighErrorRate;
  const { jobName, evaluationInterval } = context.options;
  const steps = Math.ceil((2 * toSeconds(window) + toSeconds(wait)) / stepOf(context)) + 2;
  const [paged, others] = [each * shares.paged, each * shares.others];
  const series = [
    ...counter(calls, { ...other, status: "success" }, each - paged - others),
    ...counter(calls, { ...tool, status: "error" }, paged),
    ...counter(errors, { ...tool, error_type: "connection" }, paged),
    ...counter(calls, { ...other, status: "error" }, others),
    ...counter(errors, { ...other, error_type: "connection" }, others),
  ];
  const played = play(series, [{ mood: "above", steps }], jobName, stepOf(context));
  const scenario = (
    title: string,
    isTold: boolean,
    page: {
      readonly alertname: string;
      readonly alertstate?: string;
      readonly job?: string;
      readonly mcp_server?: string;
    },
  ): Scenario => ({
    alert: alert.id,
    kind: isTold ? "fires" : "just below stays silent",
    title: `${title}${about}`,
    interval: evaluationInterval,
    series: [
      ...played,
      {
        metric: prometheusMetrics.alerts,
        labels: { alertstate: "firing", job: jobName, mcp_server: tool.mcp_server, ...page },
        values: `1x${steps}`,
      },
    ],
    expect: [{ at: fromSeconds(steps * stepOf(context)), firing: isTold ? [{ job: jobName }] : [] }],
  });
  const names = PAGES_FOR_A_SERVER.map((key) => ALERT_PREFIX + key);
  const [alertname = ""] = names;
  return [
    ...names.map((name) =>
      scenario(`one of two servers that fail has a page of its own, ${name}`, false, { alertname: name }),
    ),
    scenario("one of two servers that fail is about to get a page of its own", true, {
      alertname,
      alertstate: "pending",
    }),
    scenario("one of two servers that fail has a warning of its own", true, {
      alertname: `${ALERT_PREFIX}McpServerFailing`,
    }),
    scenario("a server that does not fail has a page of its own", true, { alertname, mcp_server: "idle" }),
    scenario("a server of that name has a page, at another gateway", true, { alertname, job: "another-job" }),
  ];
}

function volume(context: Context): Story {
  const { perSecond, window } = context.options.alerts.HighToolCallVolume;
  const { below, above } = around(perSecond * stepOf(context), window, context);
  const growth = { healthy: below / 10, below: below / 2, above: above / 2 };
  return {
    course: { kind: "average", window },
    series: [
      ...counter(calls, { ...tool, status: "success" }, growth),
      ...counter(calls, { mcp_server: "files", tool: "read", status: "rejected" }, growth),
    ],
    firing: {},
  };
}
