import { describe, expect, test } from "vitest";
import { defaultStack } from "../../test/defaults.ts";
import { diffCatalogs } from "./diff.ts";
import { type CatalogLock, catalogLock, type LockedMetric, lockFile } from "./lock.ts";
import { parseLock } from "./parse-lock.ts";
import { changeLine, reportJson, reportText } from "./report.ts";

const lock = catalogLock(defaultStack);

const calls = "mcp_hangar_tool_calls_total";
const latency = "mcp_hangar_tool_call_duration_seconds";

/** The catalog with one metric changed. */
function withMetric(name: string, change: (metric: LockedMetric) => Partial<LockedMetric>): CatalogLock {
  expect(lock.metrics.map((metric) => metric.name)).toContain(name);
  return {
    ...lock,
    metrics: lock.metrics.map((metric) => (metric.name === name ? { ...metric, ...change(metric) } : metric)),
  };
}

/** The catalog without one name. */
function without(list: "metrics" | "alerts" | "recordingRules", name: string): CatalogLock {
  expect(lock[list].map((item) => item.name)).toContain(name);
  return { ...lock, [list]: lock[list].filter((item) => item.name !== name) };
}

function withLabel(name: string, label: string, change: object): CatalogLock {
  return withMetric(name, ({ labels }) => ({
    labels: labels.map((each) => (each.name === label ? { ...each, ...change } : each)),
  }));
}

/** The catalog with one more metric, for comparisons in which it is the new one. */
const added: LockedMetric = { name: "mcp_hangar_news_total", type: "counter", help: "News.", labels: [] };

const statuses = ["success", "error", "timeout", "rejected", "cancelled"];

/** What differs in the later catalog, what is said, and what it means. */
const CASES: readonly (readonly [what: string, later: CatalogLock, says: readonly string[]])[] = [
  ["a metric that is gone", without("metrics", calls), [`breaking: metric ${calls}: it is gone`]],
  ["a new metric", { ...lock, metrics: [...lock.metrics, added] }, [`compatible: metric ${added.name}: it is new`]],
  [
    "a renamed metric",
    withMetric(calls, () => ({ name: "mcp_hangar_calls_total" })),
    [
      `breaking: metric ${calls}: it is gone; looks like a rename to mcp_hangar_calls_total`,
      "compatible: metric mcp_hangar_calls_total: it is new",
    ],
  ],
  [
    "another type",
    withMetric(calls, () => ({ type: "gauge" })),
    [`breaking: metric ${calls}: it was a counter and is a gauge`],
  ],
  [
    "a label that is gone",
    withMetric(calls, ({ labels }) => ({ labels: labels.filter(({ name }) => name !== "tool") })),
    [`breaking: metric ${calls}: the label tool is gone`],
  ],
  [
    "a renamed label",
    withLabel(calls, "status", { name: "outcome" }),
    [
      `breaking: metric ${calls}: the label status is gone; looks like a rename to outcome`,
      `breaking: metric ${calls}: it has the new label outcome`,
    ],
  ],
  [
    "a new label of a metric",
    withMetric(calls, ({ labels }) => ({ labels: [...labels, { name: "era", values: ["legacy", "modern"] }] })),
    [`breaking: metric ${calls}: it has the new label era`],
  ],
  [
    "a label value that is gone",
    withLabel(calls, "status", { values: statuses.slice(1) }),
    [`breaking: metric ${calls}: status="success" is gone`],
  ],
  [
    "a renamed label value",
    withLabel(calls, "status", { values: ["ok", ...statuses.slice(1)] }),
    [
      `breaking: metric ${calls}: status="success" is gone; looks like a rename to ok`,
      `compatible: metric ${calls}: status="ok" is new`,
    ],
  ],
  [
    "a new label value",
    withLabel(calls, "status", { values: [...statuses, "queued"] }),
    [`compatible: metric ${calls}: status="queued" is new`],
  ],
  ["label values in another order", withLabel(calls, "status", { values: statuses.toReversed() }), []],
  [
    "a label that was a list and is now any name",
    withMetric(calls, ({ labels }) => ({
      labels: labels.map((each) =>
        each.name === "status" ? { name: "status", namesOf: "tool", absent: "_other" } : each,
      ),
    })),
    [
      `breaking: metric ${calls}: the label status was one of listed values and is the name of a tool ("_other" without one)`,
    ],
  ],
  [
    "a label that names something else",
    withLabel(calls, "tool", { namesOf: "principal" }),
    [
      `breaking: metric ${calls}: the label tool was the name of a tool ("_other" without one) and is the name of a principal ("_other" without one)`,
    ],
  ],
  [
    "a bucket boundary that is gone",
    withMetric(latency, ({ buckets = [] }) => ({ buckets: buckets.filter((each) => each !== 3) })),
    [`breaking: metric ${latency}: the bucket boundary 3 is gone`],
  ],
  [
    "a new bucket boundary",
    withMetric(latency, ({ buckets = [] }) => ({ buckets: [...buckets, 900] })),
    [`compatible: metric ${latency}: the bucket boundary 900 is new`],
  ],
  [
    "another help text",
    withMetric(calls, () => ({ help: "Said otherwise." })),
    [`compatible: metric ${calls}: its help text says something else`],
  ],
  [
    "an alert that is gone",
    without("alerts", "MCPHangarHighErrorRate"),
    ["breaking: alert MCPHangarHighErrorRate: it is gone"],
  ],
  [
    "a renamed alert",
    { ...without("alerts", "MCPHangarProviderUnhealthy"), alerts: renamed("MCPHangarProviderUnhealthy") },
    [
      "breaking: alert MCPHangarProviderUnhealthy: it is gone; looks like a rename to MCPHangarServerUnhealthy",
      "compatible: alert MCPHangarServerUnhealthy: it is new",
    ],
  ],
  [
    "an alert of another severity, which another receiver gets",
    {
      ...lock,
      alerts: lock.alerts.map((each) =>
        each.name === "MCPHangarHighErrorRate"
          ? { ...each, labels: [{ name: "job" }, { name: "severity", values: ["warning"] }] }
          : each,
      ),
    },
    [
      'breaking: alert MCPHangarHighErrorRate: severity="critical" is gone; looks like a rename to warning',
      'compatible: alert MCPHangarHighErrorRate: severity="warning" is new',
    ],
  ],
  [
    "a new label of an alert",
    { ...lock, alerts: lock.alerts.map((each) => ({ ...each, labels: [...each.labels, { name: "team" }] })) },
    lock.alerts.map(({ name }) => `compatible: alert ${name}: it has the new label team`),
  ],
  [
    "a new label of a recording rule",
    {
      ...lock,
      recordingRules: lock.recordingRules.map((each) => ({ ...each, labels: [...each.labels, { name: "z" }] })),
    },
    lock.recordingRules.map(({ name }) => `breaking: recording rule ${name}: it has the new label z`),
  ],
  [
    "an objective that is gone",
    catalogLock({
      ...defaultStack,
      recordingRules: defaultStack.recordingRules.filter(({ labels }) => labels.slo !== "latency"),
    }),
    lock.recordingRules
      .filter(({ labels }) => labels.some((label) => "values" in label && label.values.includes("latency")))
      .map(({ name }) => `breaking: recording rule ${name}: slo="latency" is gone`),
  ],
];

function renamed(name: string): CatalogLock["alerts"] {
  const [alert] = lock.alerts.filter((each) => each.name === name);
  const others = lock.alerts.filter((each) => each.name !== name);
  return [...others, { name: "MCPHangarServerUnhealthy", labels: alert?.labels ?? [] }];
}

describe("a comparison of two catalogs tells", () => {
  test.each(CASES)("%s", (_, later, says) => {
    const told = diffCatalogs(lock, later).map((each) => `${each.impact}: ${changeLine(each)}`);
    expect(told).toEqual(says);
  });

  test("nothing of one that is the same", () => {
    expect(diffCatalogs(lock, lock)).toEqual([]);
    expect(reportText([])).toBe("No public name has changed.\n");
  });
});

describe("a rename", () => {
  const before = (...metrics: readonly LockedMetric[]): CatalogLock => ({ ...lock, metrics });

  test("is recognised by its words and help text when its labels are renamed too", () => {
    const old = {
      name: "mcp_hangar_provider_up",
      type: "gauge",
      help: "1 if the provider can be reached.",
      labels: [{ name: "provider", namesOf: "provider", absent: "_other" }],
    } as const;
    const now = {
      ...old,
      name: "mcp_hangar_mcp_server_up",
      help: "1 if the server can be reached.",
      labels: [{ name: "mcp_server", namesOf: "mcp_server", absent: "_other" }],
    };
    expect(diffCatalogs(before(old), before(now))[0]).toMatchObject({ renamedTo: "mcp_hangar_mcp_server_up" });
  });

  test("is not guessed of metrics that share little, or that are of another type", () => {
    const old = {
      name: "mcp_hangar_http_requests_total",
      type: "counter",
      help: "HTTP requests sent.",
      labels: [],
    } as const;
    const other = { ...old, name: "mcp_hangar_batch_cancellations_total", help: "Batches that were cut short." };
    const gauge = { ...old, name: "mcp_hangar_http_request", type: "gauge" } as const;
    expect(diffCatalogs(before(old), before(other, gauge))[0]).not.toHaveProperty("renamedTo");
  });

  test("is guessed once for each new name, and the best first", () => {
    const metric = (name: string): LockedMetric => ({ name, type: "counter", help: name, labels: [] });
    const old = before(metric("mcp_hangar_cold_starts_total"), metric("mcp_hangar_server_cold_starts_total"));
    const changes = diffCatalogs(old, before(metric("mcp_hangar_upstream_server_cold_starts_total")));
    expect(changes.map(({ name, renamedTo }) => [name, renamedTo])).toEqual([
      ["mcp_hangar_cold_starts_total", undefined],
      ["mcp_hangar_server_cold_starts_total", "mcp_hangar_upstream_server_cold_starts_total"],
      ["mcp_hangar_upstream_server_cold_starts_total", undefined],
    ]);
  });
});

test("a report puts what is breaking first, counts, and says what to do", () => {
  const changes = diffCatalogs(lock, { ...without("metrics", calls), alerts: renamed("MCPHangarProviderUnhealthy") });
  expect(reportText(changes)).toMatchInlineSnapshot(`
    "Breaking:
      metric mcp_hangar_tool_calls_total: it is gone
      alert MCPHangarProviderUnhealthy: it is gone; looks like a rename to MCPHangarServerUnhealthy

    Compatible:
      alert MCPHangarServerUnhealthy: it is new

    2 breaking, 1 compatible.
    A query for what is gone shows no error, only nothing: change dashboards, rules and silences before the upgrade.
    "
  `);
  expect(JSON.parse(reportJson(changes))).toEqual({ breaking: 2, compatible: 1, changes });
});

test("the file is what it was made from, whatever its texts hold", () => {
  const nasty = '[ { "labels": [1,\\n 2] } ]';
  for (const each of [lock, withMetric(calls, () => ({ help: nasty }))]) {
    expect(parseLock(lockFile(each), "the file")).toEqual(each);
  }
});
