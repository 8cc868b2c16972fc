import { load } from "js-yaml";
import { expect, test } from "vitest";
import { defaultFiles } from "../test/defaults.ts";
import { generateMonitoring } from "./generate.ts";
import type { MonitoringOverrides } from "./settings/options.ts";

/** Parsed YAML and JSON, as loosely as the files are read here. */
// biome-ignore lint/suspicious/noExplicitAny: a test that reads files finds out whether a field is there.
type Loose = any;

interface Case {
  readonly alert: string;
  readonly topic: string;
  readonly overrides: MonitoringOverrides;
  /** The threshold before and after, as rules and panels have it. */
  readonly rule: readonly [before: string, after: string];
  readonly line: readonly [before: number, after: number];
  /** The threshold in words, as the runbook and the description have it. */
  readonly said: readonly [before: string, after: string];
  /** Runbooks of other alerts that refer to it. */
  readonly referring?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    alert: "MCPHangarHighErrorRate",
    topic: "tool-calls",
    overrides: { alerts: { HighErrorRate: { share: 0.25 } } },
    rule: ["> 0.1", "> 0.25"],
    line: [0.1, 0.25],
    said: ["10 %", "25 %"],
  },
  {
    alert: "MCPHangarProviderUnhealthy",
    topic: "health",
    overrides: { alerts: { ProviderUnhealthy: { level: 9 } } },
    rule: ["> 5", "> 9"],
    line: [5, 9],
    said: ["5", "9"],
    referring: ["runbooks/MCPHangarHighConsecutiveFailures.md"],
  },
  {
    alert: "MCPHangarHighLatencyP95",
    topic: "tool-calls",
    overrides: { alerts: { HighLatencyP95: { limit: 10 } } },
    rule: ['le="3.0"', 'le="10.0"'],
    line: [3, 10],
    said: ["3 s", "10 s"],
  },
];

const before = defaultFiles();

test.each(CASES)("one threshold changes alert, line, runbook and test of $alert together, and nothing else", (each) => {
  const { alert, topic, rule, line, said } = each;
  const after = generateMonitoring(each.overrides);
  const page = `runbooks/${alert}.md`;
  const changed = [...before.keys()].filter((path) => before.get(path) !== after.get(path));
  const dashboards = changed.filter((path) => path.startsWith("grafana/dashboards/"));

  // Nothing else: the other files are the same, to the byte.
  expect([...after.keys()]).toEqual([...before.keys()]);
  expect(changed.filter((path) => !dashboards.includes(path))).toEqual(
    [
      ...dashboards.map((path) => path.replace(/^.*\/(.*)\.json$/, "kubernetes/dashboard-$1.yaml")),
      "kubernetes/prometheus-rule.yaml",
      "prometheus/alerts.yaml",
      `prometheus/tests/${topic}.yaml`,
      page,
      ...(each.referring ?? []),
      "runbooks/README.md",
    ].sort(),
  );

  const [oldRule, newRule] = both(after, (files) => text(files, "prometheus/alerts.yaml"), rulesByName);
  expect(differing(oldRule, newRule)).toEqual([alert]);
  expect(JSON.stringify(newRule.get(alert))).not.toEqual(JSON.stringify(oldRule.get(alert)));
  expect(oldRule.get(alert)?.expr).toContain(rule[0]);
  expect(newRule.get(alert)?.expr).toContain(rule[1]);

  const [oldTests, newTests] = both(after, (files) => text(files, `prometheus/tests/${topic}.yaml`), testsByName);
  const otherTests = differing(oldTests, newTests);
  expect(otherTests.length).toBeGreaterThan(1);
  expect(otherTests.filter((name) => !name.startsWith(alert))).toEqual([]);

  // The dashboard that the alert links to and the one of all alerts have the line.
  expect(dashboards).toContain("grafana/dashboards/alerts.json");
  expect(dashboards.length).toBeGreaterThan(1);
  for (const path of dashboards) {
    const [oldPanels, newPanels] = both(after, (files) => text(files, path), panelsById);
    const others = differing(oldPanels, newPanels);
    expect(others.length, path).toBeGreaterThan(0);
    for (const id of others) {
      expect(says(oldPanels.get(id), line[0], rule[0]), `panel ${id} of ${path} before`).toBe(true);
      expect(says(newPanels.get(id), line[1], rule[1]), `panel ${id} of ${path} after`).toBe(true);
    }
  }

  const [oldLines, newLines] = both(
    after,
    (files) => text(files, page),
    (content) => content.split("\n"),
  );
  expect(newLines.length).toBe(oldLines.length);
  const pairs = oldLines.map((old, at) => [old, newLines[at] ?? ""] as const).filter(([old, now]) => old !== now);
  for (const [old, now] of pairs) {
    expect(`${said[0]} ${rule[0]}`.includes(old) || old.includes(said[0]) || old.includes(rule[0]), old).toBe(true);
    expect(now.includes(said[1]) || now.includes(rule[1]), now).toBe(true);
  }
  const table = pairs.find(([old]) => old.startsWith("| "));
  expect(table?.[1]).toContain(said[1]);
});

/** The same of the files before and after. */
function both<Part, Result>(
  after: ReadonlyMap<string, string>,
  pick: (files: ReadonlyMap<string, string>) => Part,
  read: (part: Part) => Result,
): readonly [Result, Result] {
  return [read(pick(before)), read(pick(after))];
}

function text(files: ReadonlyMap<string, string>, path: string): string {
  const content = files.get(path);
  if (content === undefined) throw new Error(`${path} is not generated`);
  return content;
}

function rulesByName(content: string): ReadonlyMap<string, Loose> {
  const rules = (load(content) as Loose).groups.flatMap((group: Loose) => group.rules);
  return new Map(rules.map((rule: Loose) => [rule.alert, rule]));
}

function testsByName(content: string): ReadonlyMap<string, Loose> {
  return new Map((load(content) as Loose).tests.map((each: Loose) => [each.name, each]));
}

function panelsById(content: string): ReadonlyMap<string, Loose> {
  const panels = JSON.parse(content).panels.flatMap((row: Loose) => (row.collapsed ? row.panels : [row]));
  return new Map(panels.map((panel: Loose) => [String(panel.id), panel]));
}

/** Whether a panel draws a line or changes a colour at a value, or has the threshold in a query, such as a boundary. */
function says(panel: Loose, line: number, rule: string): boolean {
  const drawn = [...JSON.stringify(panel).matchAll(/"value":(-?[\d.]+),"color"/g)].map(([, value]) => Number(value));
  return drawn.includes(line) || panel.targets.some(({ expr }: Loose) => expr.includes(rule));
}

/** Names of what is not the same in both. */
function differing(one: ReadonlyMap<string, Loose>, other: ReadonlyMap<string, Loose>): readonly string[] {
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names].filter((name) => JSON.stringify(one.get(name)) !== JSON.stringify(other.get(name)));
}
