import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defaultFiles, defaultStack } from "../../test/defaults.ts";
import { generateMonitoring, RUNBOOK_FOLDER } from "../generate.ts";
import { ALERT_PREFIX } from "../names.ts";
import { yamlFile } from "../render/yaml.ts";
import { type MonitoringOverrides, resolveOptions } from "../settings/options.ts";

const COMMITTED = join(import.meta.dirname, "../../../../docs/runbooks");

/** The pages by file name. */
function pagesFor(overrides: MonitoringOverrides = {}): ReadonlyMap<string, string> {
  const files = [...generateMonitoring(overrides)].filter(([path]) => path.startsWith(RUNBOOK_FOLDER));
  return new Map(files.map(([path, page]) => [path.slice(RUNBOOK_FOLDER.length), page]));
}

function pageOf(alert: string, overrides: MonitoringOverrides = {}): string {
  return pagesFor(overrides).get(`${ALERT_PREFIX}${alert}.md`) ?? "";
}

/** Fenced blocks of one language on a page. */
function blocks(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)\n```$/gm)].flatMap(([, name, content = ""]) =>
    name === language ? [content] : [],
  );
}

const pages = pagesFor();
const stack = defaultStack;

describe("runbooks", () => {
  test("are one page an alert and an index, and no other page is in their folder", () => {
    const expected = ["README.md", ...new Set(stack.alerts.map(({ name }) => `${name}.md`))].sort();
    expect([...pages.keys()].sort()).toEqual(expected);
    expect(readdirSync(COMMITTED).sort()).toEqual(expected);
  });

  test("are where the alerts link to", () => {
    const alerts = defaultFiles().get("prometheus/alerts.yaml") ?? "";
    const linked = [...alerts.matchAll(/runbook_url: (\S+)/g)].map(([, url = ""]) => url);
    expect(linked.length).toBe(stack.alerts.length);
    for (const url of linked)
      expect(pages.has(url.slice(`${resolveOptions().runbookBaseUrl}/`.length)), url).toBe(true);
  });

  test("link to each other, and only to what exists", () => {
    for (const [name, page] of pages) {
      const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
      for (const link of links.filter((target) => !target.startsWith("http"))) {
        expect(existsSync(join(COMMITTED, link)), `${name} links to ${link}`).toBe(true);
      }
    }
  });

  test("stay short enough to be read at night", () => {
    for (const [name, page] of pages) {
      // The list of all alerts has a line for each.
      if (name === "README.md") continue;
      // The rule comes last, for those who have the time.
      const [read = ""] = page.split("## Rule");
      expect(read.split("\n").length, name).toBeLessThanOrEqual(90);
    }
  });

  test("do not say the same in different places", () => {
    const sentences = stack.runbooks.flatMap(({ alert, impact, causes }) =>
      [impact, ...causes.map(({ cause, sign }) => `${cause}: ${sign}`)].map((text) => [text, alert] as const),
    );
    for (const [text, alerts] of Map.groupBy(sentences, ([sentence]) => sentence)) {
      expect(
        alerts.map(([, alert]) => alert),
        text,
      ).toHaveLength(1);
    }
  });

  test("ask only queries that Prometheus understands", { tags: ["promtool"] }, () => {
    const queries = [...pages].flatMap(([name, page]) =>
      blocks(page, "promql").flatMap((block) => block.split("\n\n").map((expr) => ({ name, expr }))),
    );
    expect(queries.length).toBeGreaterThan(3 * stack.runbooks.length);
    expect(checkRules(queries.map(({ expr }) => expr))).toContain(`SUCCESS: ${queries.length} rules found`);
    expect(checkRules(["rate(up[5m)"])).toContain("FAILED");
  });

  test("say another threshold, window and receiver when the settings do", () => {
    const changed = {
      alerts: { HighErrorRate: { share: 0.25, window: "15m", for: "7m", severity: "warning" } },
    } as const;
    const [before, after] = [pageOf("HighErrorRate"), pageOf("HighErrorRate", changed)];
    expect(before).toContain("Over 5m, more than 10 % of all tool calls failed");
    expect(before).toContain("| critical | pagerduty | > 10 %, at least 10 of them | 2m |");
    expect(after).toContain("Over 15m, more than 25 % of all tool calls failed");
    expect(after).toContain("| warning | slack | > 25 %, at least 10 of them | 7m |");
    expect(after).toContain("> 0.25\n");
    expect(after).not.toContain("[5m]");
  });

  test("show every rule of an alert that has several", () => {
    const [table = ""] = /^\| Rule[\s\S]*?\n\n/m.exec(pageOf("ErrorsBudgetBurn")) ?? [];
    expect(table).toContain("| 1h | critical | pagerduty | > 14.4 %, at least 10 of them | 2m |");
    expect(table).toContain("| 3d | warning | slack | > 1 %, at least 10 of them | 3h |");
  });

  test("go with an alert that is switched off, and with them the links to them", () => {
    const without = pagesFor({ alerts: { HighCPUUsage: { enabled: false } } });
    expect(without.has("MCPHangarHighCPUUsage.md")).toBe(false);
    expect(without.get("MCPHangarHighLatencyP95.md")).toContain("→ Follow MCPHangarHighCPUUsage.");
    expect([...without.values()].join("")).not.toContain("(MCPHangarHighCPUUsage.md)");
  });
});

/** What promtool says about expressions, as recording rules of a file. */
function checkRules(expressions: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "runbooks-"));
  const rules = expressions.map((expr, index) => ({ record: `query_${index}`, expr }));
  const file = join(folder, "rules.yaml");
  writeFileSync(file, yamlFile({ groups: [{ name: "runbooks", rules }] }));
  const { stdout, stderr } = spawnSync("promtool", ["check", "rules", "--lint=none", file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return stdout + stderr;
}
