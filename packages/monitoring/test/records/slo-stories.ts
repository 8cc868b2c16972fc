import { given, job, other, type RecordStory } from "./story.ts";

const MONTH = { interval: "1h", at: "960h" } as const;

/** Objectives, ratios over their whole period, and what is left of their budgets. */
export const sloStories: readonly RecordStory[] = [
  ...objectiveStories("availability", 0.999),
  ...objectiveStories("latency", 0.95),
  ...objectiveStories("errors", 0.99),
  ...objectiveStories("batch_success", 0.95),
  {
    ...MONTH,
    record: "job_slo:mcp_hangar_slo_errors:ratio_rate30d",
    labels: { slo: "availability" },
    title: "the share of thirty days in which gateways were not there",
    input: [
      given("job_slo:mcp_hangar_slo_good:ratio", { ...job, slo: "availability" }, within(128, 0.5, 0, 1)),
      given("job_slo:mcp_hangar_slo_good:ratio", { ...job, slo: "another" }, within(128, 0, 0, 0)),
      given("job_slo:mcp_hangar_slo_good:ratio", { ...other, slo: "availability" }, within(128, 0, 0, 0)),
    ],
    gives: [{ labels: { ...job, slo: "availability" }, value: (128 * 0.5) / 512 }],
  },
  ...eventStories("latency"),
  ...eventStories("errors"),
  ...eventStories("batch_success"),
];

function objectiveStories(slo: string, objective: number): readonly RecordStory[] {
  // The rule divides by the budget as it is written in decimals.
  const budget = Number((1 - objective).toPrecision(12));
  const spent = (ratio: number): number => 1 - ratio / budget;
  const errors = "job_slo:mcp_hangar_slo_errors:ratio_rate30d";
  const seen = "job_slo:mcp_hangar_slo_window:seen30d";
  const base = `job_slo:mcp_hangar_slo_${slo === "availability" ? "good:ratio" : "valid:rate5m"}`;
  return [
    {
      record: "slo:mcp_hangar_slo_objective:ratio",
      labels: { slo },
      title: "the objective is told as it was set",
      interval: "1m",
      input: [],
      at: "1m",
      gives: [{ labels: { slo }, value: objective }],
    },
    ...[
      { what: "a quarter of the budget is spent", ratio: budget / 4, of: 1 },
      { what: "nothing went wrong", ratio: 0, of: 1 },
      { what: "twice the budget is spent", ratio: budget * 2, of: 1 },
      {
        what: "only a tenth of the month was seen, and five times the budget of that tenth is spent",
        ratio: budget * 5,
        of: 0.1,
      },
    ].map(
      ({ what, ratio, of }): RecordStory => ({
        record: "job_slo:mcp_hangar_slo_budget:remaining30d",
        labels: { slo },
        title: `what is left when ${what}`,
        interval: "1m",
        input: [
          given(errors, { ...job, slo }, `${ratio}x5`),
          given(errors, { ...job, slo: "another" }, "0.5x5"),
          given(errors, { ...other, slo }, "0.5x5"),
          given(seen, { ...job, slo }, `${of}x5`),
          given(seen, { ...job, slo: "another" }, "0.5x5"),
          given(seen, { ...other, slo }, "0.5x5"),
        ],
        at: "5m",
        gives: [{ labels: { ...job, slo }, value: spent(ratio * of) }],
      }),
    ),
    {
      record: "job_slo:mcp_hangar_slo_window:seen30d",
      labels: { slo },
      title: "none yet of thirty days, when it has begun after the last full hour",
      interval: "1m",
      at: "90m",
      input: [given(base, { ...job, slo }, "_x70 0.5x60")],
      gives: [{ labels: { ...job, slo }, value: 0 }],
    },
    {
      record: "job_slo:mcp_hangar_slo_window:seen30d",
      labels: { slo },
      title: "all of thirty days, and not more",
      ...MONTH,
      input: [given(base, { ...job, slo }, "0x960")],
      gives: [{ labels: { ...job, slo }, value: 1 }],
    },
    {
      record: "job_slo:mcp_hangar_slo_window:seen30d",
      labels: { slo },
      title: "the share of thirty days in which it was recorded, away for a while and then there again",
      ...MONTH,
      input: [
        given(base, { ...job, slo }, within(128, 0.5, 0, 1)),
        given(base, { ...job, slo: "another" }, "1x960"),
        given(base, { ...other, slo }, "1x960"),
      ],
      // Looked for every hour, and there from hour 300 to 811.
      gives: [{ labels: { ...job, slo }, value: 512 / 720 }],
    },
  ];
}

function eventStories(slo: string): readonly RecordStory[] {
  const [bad, valid] = ["job_slo:mcp_hangar_slo_bad:rate5m", "job_slo:mcp_hangar_slo_valid:rate5m"];
  const record = "job_slo:mcp_hangar_slo_errors:ratio_rate30d";
  return [
    {
      ...MONTH,
      record,
      labels: { slo },
      title: "bad ones of the valid events of thirty days, by their number and not by the hour",
      input: [
        // 128 busy hours with 8 events a second of which 4 are bad, and 384 hours with one good event a second.
        given(bad, { ...job, slo }, within(128, 4, 64, 0)),
        given(valid, { ...job, slo }, within(128, 8, 64, 1)),
        given(bad, { ...job, slo: "another" }, within(128, 1, 1, 1)),
        given(valid, { ...job, slo: "another" }, within(128, 1, 1, 1)),
        given(bad, { ...other, slo }, within(128, 1, 1, 1)),
        given(valid, { ...other, slo }, within(128, 1, 1, 1)),
      ],
      gives: [{ labels: { ...job, slo }, value: (128 * 4) / (128 * 8 + 384) }],
    },
    {
      ...MONTH,
      record,
      labels: { slo },
      title: "a month without events has no ratio",
      input: [given(bad, { ...job, slo }, within(128, 0, 0, 0)), given(valid, { ...job, slo }, within(128, 0, 0, 0))],
      gives: [],
    },
  ];
}

/**
 * Hours in which a recorded series has these values. They are in the last thirty days of day 40, but not in the last
 * fifteen; what was ten days and more before them is only in the last sixty.
 */
function within(hours: number, value: number, before: number, after: number): string {
  const [old, gap] = [100, 200];
  return `${before}x${old - 1} _x${gap} ${value}x${hours - 1} ${after}x${511 - hours}`;
}
