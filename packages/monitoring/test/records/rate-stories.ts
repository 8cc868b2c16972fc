import type { InputSeries } from "../../src/render/promtool.ts";
import { given, job, other, type RecordStory } from "./story.ts";

const CALLS = "mcp_hangar_tool_calls_total";
const ERRORS = "mcp_hangar_tool_call_errors_total";
const LATENCY = "mcp_hangar_tool_call_duration_seconds_bucket";
const COUNT = "mcp_hangar_tool_call_duration_seconds_count";
const ITEMS = "mcp_hangar_batch_items_total";

const RATES = { interval: "15s", at: "20m" } as const;

/** Rates and quantiles of calls and batches. */
export const rateStories: readonly RecordStory[] = [
  {
    ...RATES,
    record: "job_status:mcp_hangar_tool_calls:rate5m",
    title: "calls a second by status, over all servers, tools and instances",
    input: [
      paced(CALLS, { ...job, instance: "a", mcp_server: "math", tool: "add", status: "success" }, 4),
      paced(CALLS, { ...job, instance: "b", mcp_server: "text", tool: "cut", status: "success" }, 2),
      paced(CALLS, { ...job, instance: "a", mcp_server: "math", tool: "add", status: "timeout" }, 1),
      paced(CALLS, { ...other, instance: "c", mcp_server: "math", tool: "add", status: "success" }, 8),
    ],
    gives: [
      { labels: { ...job, status: "success" }, value: 6 },
      { labels: { ...job, status: "timeout" }, value: 1 },
    ],
  },
  {
    ...RATES,
    record: "job_mcp_server:mcp_hangar_tool_calls:rate5m",
    title: "calls a second by server, whatever became of them",
    input: [
      paced(CALLS, { ...job, instance: "a", mcp_server: "math", tool: "add", status: "success" }, 4),
      paced(CALLS, { ...job, instance: "b", mcp_server: "math", tool: "sub", status: "rejected" }, 2),
      paced(CALLS, { ...job, instance: "a", mcp_server: "text", tool: "cut", status: "success" }, 1),
      paced(CALLS, { ...other, instance: "c", mcp_server: "math", tool: "add", status: "success" }, 8),
    ],
    gives: [
      { labels: { ...job, mcp_server: "math" }, value: 6 },
      { labels: { ...job, mcp_server: "text" }, value: 1 },
    ],
  },
  {
    ...RATES,
    record: "job_mcp_server:mcp_hangar_tool_call_errors:ratio_rate5m",
    title: "failed ones of the calls of each server; refusals do not count, no failure is 0, no call is nothing",
    input: [
      paced(CALLS, { ...job, instance: "a", mcp_server: "math", tool: "add", status: "success" }, 4),
      paced(CALLS, { ...job, instance: "b", mcp_server: "math", tool: "add", status: "error" }, 2),
      paced(CALLS, { ...job, instance: "b", mcp_server: "math", tool: "sub", status: "timeout" }, 2),
      paced(CALLS, { ...job, instance: "a", mcp_server: "math", tool: "add", status: "rejected" }, 16),
      paced(CALLS, { ...job, instance: "a", mcp_server: "math", tool: "add", status: "cancelled" }, 16),
      paced(ERRORS, { ...job, instance: "b", mcp_server: "math", tool: "add", error_type: "connection" }, 1, "late"),
      paced(ERRORS, { ...job, instance: "b", mcp_server: "math", tool: "sub", error_type: "timeout" }, 1, "late"),
      paced(CALLS, { ...job, instance: "a", mcp_server: "text", tool: "cut", status: "success" }, 1),
      paced(CALLS, { ...job, instance: "a", mcp_server: "idle", tool: "cut", status: "success" }, 0),
      paced(CALLS, { ...other, instance: "c", mcp_server: "math", tool: "add", status: "success" }, 8),
      paced(ERRORS, { ...other, instance: "c", mcp_server: "math", tool: "add", error_type: "protocol" }, 8, "late"),
    ],
    gives: [
      { labels: { ...job, mcp_server: "math" }, value: 0.25 },
      { labels: { ...job, mcp_server: "text" }, value: 0 },
    ],
  },
  {
    ...RATES,
    record: "job_mcp_server_slo:mcp_hangar_slo_bad:rate5m",
    labels: { slo: "errors" },
    title: "failed calls a second of each server, over its tools, instances and causes",
    input: [
      paced(ERRORS, { ...job, instance: "a", mcp_server: "math", tool: "add", error_type: "connection" }, 2),
      paced(ERRORS, { ...job, instance: "b", mcp_server: "math", tool: "sub", error_type: "timeout" }, 1),
      paced(ERRORS, { ...job, instance: "a", mcp_server: "text", tool: "cut", error_type: "protocol" }, 4),
      paced(ERRORS, { ...other, instance: "c", mcp_server: "math", tool: "add", error_type: "protocol" }, 8),
    ],
    gives: [
      { labels: { ...job, mcp_server: "math", slo: "errors" }, value: 3 },
      { labels: { ...job, mcp_server: "text", slo: "errors" }, value: 4 },
    ],
  },
  {
    ...RATES,
    record: "job_mcp_server_slo:mcp_hangar_slo_bad:rate5m",
    labels: { slo: "latency" },
    title: "slow calls a second of each server: all without those within the limit",
    input: [
      ...["a", "b"].flatMap((instance) => [
        paced(COUNT, { ...job, instance, mcp_server: "math", tool: "add" }, 4),
        paced(LATENCY, { ...job, instance, mcp_server: "math", tool: "add", le: "2.0" }, 1),
        paced(LATENCY, { ...job, instance, mcp_server: "math", tool: "add", le: "3.0" }, 3),
        paced(LATENCY, { ...job, instance, mcp_server: "math", tool: "add", le: "5.0" }, 4),
      ]),
      paced(COUNT, { ...job, instance: "a", mcp_server: "text", tool: "cut" }, 4),
      // Of what is scraped between two observations, a part may come out above the whole.
      paced(LATENCY, { ...job, instance: "a", mcp_server: "text", tool: "cut", le: "3.0" }, 5),
      paced(COUNT, { ...other, instance: "c", mcp_server: "math", tool: "add" }, 8),
      paced(LATENCY, { ...other, instance: "c", mcp_server: "math", tool: "add", le: "3.0" }, 1),
    ],
    gives: [
      { labels: { ...job, mcp_server: "math", slo: "latency" }, value: 2 },
      { labels: { ...job, mcp_server: "text", slo: "latency" }, value: 0 },
    ],
  },
  // Of 8 calls a second, 4 take up to 0.1 s, 3 more up to 1 s and the last one up to 2 s: linear within each bucket.
  ...(
    [
      ["p50", between(0.05, 0.1, 0.5 * 8, 4)],
      ["p95", between(1, 2, 0.95 * 8 - 7, 1)],
      ["p99", between(1, 2, 0.99 * 8 - 7, 1)],
    ] as const
  ).map(
    ([quantile, value]): RecordStory => ({
      ...RATES,
      record: `job:mcp_hangar_tool_call_duration_seconds:${quantile}_rate5m`,
      title: `what the ${quantile.slice(1)} of a hundred calls that are fastest take at most`,
      input: [
        ...latencies({ ...job, instance: "a", mcp_server: "math", tool: "add" }, [4, 4, 4], "late"),
        ...latencies({ ...job, instance: "b", mcp_server: "text", tool: "cut" }, [0, 3, 4]),
        ...latencies({ ...other, instance: "c", mcp_server: "math", tool: "add" }, [64, 64, 64]),
      ],
      gives: [{ labels: job, value }],
    }),
  ),
  {
    ...RATES,
    record: "job_mcp_server_tool:mcp_hangar_tool_call_duration_seconds:p95_rate5m",
    title: "the same of each tool",
    input: [
      ...latencies({ ...job, instance: "a", mcp_server: "math", tool: "add" }, [1, 1, 1], "late"),
      ...latencies({ ...job, instance: "b", mcp_server: "math", tool: "add" }, [3, 6, 7]),
      ...latencies({ ...job, instance: "a", mcp_server: "math", tool: "sub" }, [1, 1, 1]),
      ...latencies({ ...job, instance: "a", mcp_server: "text", tool: "add" }, [1, 1, 1]),
      ...latencies({ ...other, instance: "c", mcp_server: "math", tool: "add" }, [64, 64, 64]),
    ],
    gives: [
      { labels: { ...job, mcp_server: "math", tool: "add" }, value: between(1, 2, 0.95 * 8 - 7, 1) },
      { labels: { ...job, mcp_server: "math", tool: "sub" }, value: between(0.05, 0.1, 0.95, 1) },
      { labels: { ...job, mcp_server: "text", tool: "add" }, value: between(0.05, 0.1, 0.95, 1) },
    ],
  },
  {
    ...RATES,
    record: "job_status:mcp_hangar_batch_items:rate5m",
    title: "items of batches a second by status",
    input: [
      paced(ITEMS, { ...job, instance: "a", status: "success" }, 4),
      paced(ITEMS, { ...job, instance: "b", status: "success" }, 2),
      paced(ITEMS, { ...job, instance: "a", status: "error" }, 1),
      paced(ITEMS, { ...other, instance: "c", status: "success" }, 8),
    ],
    gives: [
      { labels: { ...job, status: "success" }, value: 6 },
      { labels: { ...job, status: "error" }, value: 1 },
    ],
  },
];

/**
 * A counter with this rate over the last five minutes of twenty, in which the process restarts halfway. It grows `early`,
 * that is, faster before the restart and faster still before the five minutes, or `late`: a longer window and a shorter
 * one give other rates, and other shares where both kinds are mixed. There is a value every 15 s.
 */
function paced(
  name: string,
  labels: Readonly<Record<string, string>>,
  perSecond: number,
  shape: "early" | "late" = "early",
): InputSeries {
  const step = perSecond * 15;
  const [before, first, second] = shape === "early" ? [2, 1.5, 0.5] : [0, 0.5, 1.5];
  const until = 60 * before * step;
  const values = [
    `0+${before * step}x60`,
    `${until + first * step}+${first * step}x9`,
    `${second * step}+${second * step}x9`,
  ];
  return given(name, labels, values.join(" "));
}

/** What Prometheus takes for a quantile: so many of the calls in a bucket, in a straight line from end to end. */
function between(from: number, to: number, rank: number, count: number): number {
  return from + (to - from) * (rank / count);
}

/** Calls a second that took up to 0.1 s, 1 s and 2 s, of which there is a value for each boundary and one for all. */
function latencies(
  labels: Readonly<Record<string, string>>,
  [a, b, c]: readonly [number, number, number],
  shape?: "late",
): readonly InputSeries[] {
  const upTo = [
    ["0.05", 0],
    ["0.1", a],
    ["0.5", a],
    ["1.0", b],
    ["2.0", c],
    ["+Inf", c],
  ] as const;
  return upTo.map(([le, perSecond]) => paced(LATENCY, { ...labels, le }, perSecond, shape));
}
