import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runChecks } from "../../src/checks/index.ts";
import type { Extension } from "../../src/extension/extension.ts";
import { generateMonitoring } from "../../src/generate.ts";
import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack } from "../../src/stack.ts";
import { complaints } from "../complaints.ts";
import { defaultFiles } from "../defaults.ts";
import { runCommand } from "../run-command.ts";
import tickets from "./tickets.ts";

function violations(extension: Extension): readonly string[] {
  return runChecks(buildStack(resolveOptions(), extension)).map(
    ({ check, subject, problem }) => `${check} ${subject}: ${problem}`,
  );
}

describe("an own alert", () => {
  const files = generateMonitoring({}, { extension: tickets });

  test("is generated with its rule, runbook, dashboard, tests and place in the catalog, and changes no other alert", () => {
    const before = defaultFiles();
    const [rules, plain] = [files, before].map((each) => each.get("prometheus/alerts.yaml") ?? "");
    expect(rules).toContain("alert: OwnTicketsRefused");
    expect((rules ?? "").replace(/ {6}- alert: OwnTicketsRefused\n(?: {8}.*\n)+/, "")).toBe(plain);
    expect(files.get("runbooks/OwnTicketsRefused.md")).toContain("More than 20 calls to tickets were refused");
    expect(files.get("prometheus/tests/own.yaml")).toContain("OwnTicketsRefused");
    expect(files.get("catalog.json")).toContain("OwnTicketsRefused");
    const board = JSON.parse(files.get("grafana/dashboards/own-tickets.json") ?? "{}");
    expect(board.uid).toBe("mcp-hangar-own-tickets");
    expect(files.get("kubernetes/dashboard-own-tickets.yaml")).toContain("mcp-hangar-own-tickets");
    const overview = JSON.parse(files.get("grafana/dashboards/overview.json") ?? "{}");
    expect(overview.links.map(({ url }: { readonly url: string }) => url)).toContain("/d/mcp-hangar-own-tickets");
  });

  test("is drawn with its threshold, which leads to its runbook", () => {
    const board = JSON.parse(files.get("grafana/dashboards/own-tickets.json") ?? "{}");
    const panel = board.panels.find(({ id }: { readonly id: number }) => id === 101);
    expect(panel.fieldConfig.defaults.thresholds.steps.map(({ value }: { readonly value: unknown }) => value)).toEqual([
      null,
      20,
    ]);
    expect(panel.links[0].url).toMatch(/\/OwnTicketsRefused\.md$/);
  });

  test("is refused without a runbook, a scenario or a panel", () => {
    expect(violations(tickets)).toEqual([]);
    const { runbooks: _runbooks, ...noRunbook } = tickets;
    expect(violations(noRunbook)).toContain("runbooks-exist alert OwnTicketsRefused: it has no runbook");
    const { scenarios: _scenarios, ...noScenario } = tickets;
    expect(violations(noScenario)).toContain('alerts-are-tried alert OwnTicketsRefused: no scenario shows "fires"');
    const boards = (tickets.dashboards ?? []).map((board) => ({
      ...board,
      sections: (...given: Parameters<typeof board.sections>) =>
        board.sections(...given).map((section) => ({
          ...section,
          rows: section.rows.map((row) =>
            row.map((panel) => ("key" in panel ? { ...panel, alerts: [], whenEmpty: "" } : panel)),
          ),
        })),
    }));
    expect(violations({ ...tickets, dashboards: boards })).toEqual([
      "alerts-are-drawn alert OwnTicketsRefused: no panel of mcp-hangar-own-tickets, to which it links, shows it",
      'empty-panels-say-why panel Refused calls (101) of dashboard mcp-hangar-own-tickets: it says "" when there is nothing to show',
    ]);
  });

  test("may not have the uid of a dashboard of the product", () => {
    const [board] = tickets.dashboards ?? [];
    if (board === undefined) throw new Error("the example has no dashboard");
    const twice = violations({ ...tickets, dashboards: [board, { ...board, title: "Again" }] });
    expect(twice.join("\n")).toContain("another dashboard has the uid mcp-hangar-own-tickets too");
    const odd = { ...board, uid: "mcp-hangar-own-Tickets!" as const };
    expect(violations({ ...tickets, dashboards: [board, odd] }).join("\n")).toContain("is not one of the public ones");
  });
});

test("promtool plays the scenarios of an own alert", { tags: ["promtool"] }, async () => {
  const stack = buildStack(resolveOptions(), tickets);
  const scenarios = stack.scenarios.filter(({ alert }) => alert === "OwnTicketsRefused");
  expect(scenarios.length).toBeGreaterThan(5);
  expect(await complaints(stack, ["OwnTicketsRefused"])).toEqual([]);
});

describe("the command line", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "monitoring-own-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const module = join(import.meta.dirname, "tickets.ts");

  test("takes own alerts from a module, and checks with them", async () => {
    const { status, stdout } = await runCommand(["generate", "--out", folder, "--with", module]);
    expect(status).toBe(0);
    expect(stdout).toContain("new      grafana/dashboards/ 6 files");
    expect(readFileSync(join(folder, "prometheus/alerts.yaml"), "utf8")).toContain("OwnTicketsRefused");
    expect((await runCommand(["check", "--out", folder, "--with", module])).status).toBe(0);
    const without = await runCommand(["check", "--out", folder]);
    expect(without.status).toBe(1);
    expect(without.stderr).toContain("prometheus/alerts.yaml is stale or missing");
  });

  test.each([
    ["no such file", "none.ts", "", "cannot be loaded"],
    ["no default export", "named.mjs", "export const topic = () => ({});", "has no extension as its default export"],
    ["a key that means nothing", "odd.mjs", "export default { alerts: [] };", "topic, scenarios, runbooks, dashboards"],
    ["nothing in it", "empty.mjs", "export default {};", "has no extension"],
    ["a module that throws", "throws.mjs", "throw new Error('no database');", "cannot be loaded: no database"],
  ])("says what is wrong with a module: %s", async (_, name, content, says) => {
    const file = join(folder, name);
    if (content !== "") writeFileSync(file, content);
    const { status, stdout, stderr } = await runCommand(["check", "--with", file]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(says);
  });
});
