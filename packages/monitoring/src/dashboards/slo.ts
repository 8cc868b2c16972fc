import type { Slo } from "../model.ts";
import type { SloName } from "../names.ts";
import { type Duration, fromSeconds, toSeconds } from "../promql/duration.ts";
import { complement, divide, partOf } from "../promql/operators.ts";
import type { Vector } from "../promql/vector.ts";
import { percent } from "../slo/decimal.ts";
import type { SloRecords } from "../slo/recording-rules.ts";
import { burnThreshold } from "../slo/slos.ts";
import { sloRecords } from "../topics/slos.ts";
import { TONE_OF_SEVERITY } from "./alert-lines.ts";
import { changesOf, firingAlerts } from "./annotations.ts";
import { type Board, jobVariable } from "./board.ts";
import { alertmanagerLinks, otherPlaces } from "./drill-down.ts";
import { layOut, type PanelDraft, type SectionDraft } from "./layout.ts";
import { query } from "./measures.ts";
import type { Dashboard, Lead, Threshold } from "./model.ts";
import { chart, stat } from "./panels.ts";
import { whyEmpty } from "./why-empty.ts";

/** Where it is seen who spends the budget. */
const SPENDERS: Readonly<Record<SloName, Lead>> = {
  availability: { title: "Which gateways are away", uid: "mcp-hangar-overview", panel: "gateways" },
  latency: { title: "Which servers are slow", uid: "mcp-hangar-overview", panel: "latency-by-server" },
  errors: { title: "Which servers fail", uid: "mcp-hangar-overview", panel: "failing-calls-by-server" },
  batch_success: { title: "Since when batches fail", uid: "mcp-hangar-overview", panel: "batch-item-failures" },
};

/** A quarter of the budget is what one bad day may still take. */
const LITTLE = 0.25;

/** What was promised, how much of the allowance for errors is left, and how fast it is being spent. */
export function sloBoard(board: Board): Dashboard {
  const records = sloRecords(board.context);
  return {
    uid: "mcp-hangar-slo",
    title: "MCP Hangar / SLOs",
    description: "What was promised, how much of the error budget is left, and how fast it is being spent.",
    dataSources: ["alertmanager", "prometheus"],
    from: "now-7d",
    variables: [jobVariable],
    annotations: [...changesOf(board.ofJob), firingAlerts(board)],
    links: [...otherPlaces("mcp-hangar-slo", board), ...alertmanagerLinks],
    ...layOut([
      { id: 100, title: "Error budgets", rows: [records.map((each, index) => budgetLeft(board, each, 101 + index))] },
      ...records.map((each, index) => objective(board, each, 200 + 100 * index)),
    ]),
  };
}

function budgetLeft(board: Board, { slo, budgetRemaining }: SloRecords, id: number): PanelDraft {
  return stat({
    key: `budget-left-${slo.name}`,
    id,
    title: `${nameOf(slo)}: budget left`,
    description: `${slo.title}. How much of the error budget of ${slo.period} is left; below 0 the objective of ${percent(slo.objective)} % is missed.`,
    unit: "percentunit",
    queries: [query(board.ofJob.series(budgetRemaining.metric, { slo: slo.name }), "Budget left")],
    base: "bad",
    thresholds: [
      { value: 0, tone: "attention" },
      { value: LITTLE, tone: "good" },
    ],
    width: 6,
    whenEmpty: whyEmpty.traffic,
    leadsTo: { title: "How fast it is spent", uid: "mcp-hangar-slo", panel: `burn-${slo.name}` },
  });
}

function objective(board: Board, records: SloRecords, id: number): SectionDraft {
  const { slo, budgetRemaining } = records;
  const [fastest] = slo.windows;
  const labels = { slo: slo.name };
  const seen = (window: Duration): Vector<"job" | "slo", "fraction"> =>
    board.ofJob.series(records.seen(fromSeconds(toSeconds(window))).metric, labels);
  // As alerts and budgets count it: what nobody saw was good.
  const bad = (window: Duration): Vector<"job" | "slo", "fraction"> =>
    partOf(board.ofJob.series(records.errorRatio(fromSeconds(toSeconds(window))).metric, labels), seen(window));
  const limits = slo.windows.map(
    ({ factor, severity }): Threshold => ({ value: factor, tone: TONE_OF_SEVERITY[severity] }),
  );
  const alerts = board.alerts.filter(({ labels }) => labels.slo === slo.name);
  return {
    id,
    title: `${nameOf(slo)}: ${slo.title.charAt(0).toLowerCase()}${slo.title.slice(1)}, ${percent(slo.objective)} % of ${slo.period}`,
    rows: [
      [
        [
          stat({
            key: `good-${slo.name}`,
            id: id + 1,
            title: `Good in ${slo.period}`,
            description: `The share that was good in the last ${slo.period}, and how much of that time was seen: what nobody saw counts as good, as for the budget. The objective is ${percent(slo.objective)} %.`,
            unit: "percentunit",
            queries: [
              query(complement(bad(slo.period)), "Good"),
              { ...query(seen(slo.period), "Seen"), thresholds: [] },
            ],
            base: "bad",
            thresholds: [{ value: slo.objective, tone: "good" }],
            width: 4,
            height: fastest === undefined ? 8 : 4,
            whenEmpty: whyEmpty.traffic,
            leadsTo: SPENDERS[slo.name],
          }),
          ...(fastest === undefined
            ? []
            : [
                stat({
                  key: `burn-rate-${slo.name}`,
                  id: id + 4,
                  title: `Burn rate, ${fastest.long}`,
                  description: `How many times faster than allowed the budget is being spent. At 1 it lasts exactly ${slo.period}. What nobody saw counts as good.`,
                  unit: "none",
                  decimals: 1,
                  queries: [query(divide(bad(fastest.long), slo.budget), "Burn rate")],
                  thresholds: limits,
                  width: 4,
                  whenEmpty: whyEmpty.traffic,
                  leadsTo: SPENDERS[slo.name],
                }),
              ]),
        ],
        chart({
          key: `burn-${slo.name}`,
          id: id + 2,
          title: "Bad share by window",
          description:
            "What was bad, over each window of the alerts; what nobody saw was not. An alert fires when a window is above its own limit and its short window is too.",
          unit: "percentunit",
          queries: slo.windows.map((window) =>
            query(bad(window.long), `${window.long}: limit ${percent(burnThreshold(slo, window))} %`),
          ),
          drawn: {
            alerts,
            thresholds: slo.windows.map((window) => ({
              value: burnThreshold(slo, window),
              tone: TONE_OF_SEVERITY[window.severity],
            })),
          },
          width: 11,
          whenEmpty: whyEmpty.traffic,
        }),
        chart({
          key: `budget-${slo.name}`,
          id: id + 3,
          title: "Budget left",
          description: `The error budget of ${slo.period} over time. A steep fall is an incident; at 0 the objective is missed.`,
          unit: "percentunit",
          queries: [query(board.ofJob.series(budgetRemaining.metric, { slo: slo.name }), "Budget left")],
          thresholds: [{ value: 0, tone: "bad" }],
          width: 9,
          whenEmpty: whyEmpty.traffic,
        }),
      ],
    ],
  };
}

/** `batch_success` as words. */
function nameOf({ name }: Slo): string {
  const words = name.replaceAll("_", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
