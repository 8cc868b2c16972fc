import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalog } from "@mcp-hangar/telemetry";
import { afterEach, describe, expect, test } from "vitest";
import { defaultFiles, defaultStack } from "../../test/defaults.ts";
import { perform } from "../../test/promtool.ts";
import type { Scenario, ScenarioSeries } from "../model.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { promtoolTests } from "./promtool.ts";
import { yamlFile } from "./yaml.ts";

const target = { job: "mcp-hangar", instance: "a:8000", service: "mcp-hangar", tier: "application" };
const stack = defaultStack;
const files = defaultFiles();
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function up(values: string): ScenarioSeries {
  return { metric: prometheusMetrics.up, labels: target, values };
}

function calls(status: string, values: string): ScenarioSeries {
  return { metric: catalog.toolCalls, labels: { ...target, mcp_server: "math", tool: "add", status }, values };
}

function errors(values: string): ScenarioSeries {
  const labels = { ...target, mcp_server: "math", tool: "add", error_type: "connection" };
  return { metric: catalog.toolCallErrors, labels, values };
}

const down = { alert: "MCPHangarNotResponding", kind: "fires", interval: "15s" } as const;
const failing = { alert: "MCPHangarHighErrorRate:server", kind: "fires", interval: "15s" } as const;

const sound: readonly Scenario[] = [
  {
    ...down,
    title: "the target stops answering and comes back",
    series: [up("1x8 0x20 1x20")],
    expect: [
      { at: "2m", firing: [] },
      { at: "5m", firing: [target] },
      { at: "9m", firing: [] },
    ],
  },
  {
    ...down,
    title: "the target is gone from service discovery",
    series: [up("1x8 stale")],
    expect: [
      { at: "2m", firing: [] },
      { at: "5m", firing: [{ job: "mcp-hangar" }] },
    ],
  },
  {
    ...failing,
    title: "a fifth of the calls fails, then none",
    series: [calls("success", "0+8x80"), calls("error", "0+2x40 80x40"), errors("0+2x40 80x40")],
    expect: [
      { at: "5m", firing: [{ job: "mcp-hangar", mcp_server: "math" }] },
      { at: "19m", firing: [] },
    ],
  },
  {
    ...failing,
    title: "all calls fail at three a minute, which nothing may dilute",
    series: [calls("error", "0+0.75x80"), errors("0+0.75x80")],
    expect: [{ at: "10m", firing: [{ job: "mcp-hangar", mcp_server: "math" }] }],
  },
];

describe("scenarios", { tags: ["promtool"] }, () => {
  test("are played by promtool against the generated rules", () => {
    const folder = mkdtempSync(join(tmpdir(), "promtool-"));
    folders.push(folder);
    mkdirSync(join(folder, "tests"));
    for (const name of ["alerts", "recording-rules"]) {
      writeFileSync(join(folder, `${name}.yaml`), files.get(`prometheus/${name}.yaml`) ?? "");
    }
    const file = join(folder, "tests/scenarios.yaml");
    writeFileSync(file, yamlFile(promtoolTests(sound, stack)));
    const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  });

  test("fail when an alert does not do what they expect", async () => {
    const opposite = sound.map((scenario) => ({
      ...scenario,
      expect: scenario.expect.map(({ at, firing }) => ({ at, firing: firing.length === 0 ? [target] : [] })),
    }));
    const verdicts = await perform(opposite.map((scenario) => ({ stack, scenarios: [scenario] })));
    expect(verdicts).toEqual(sound.map(() => expect.stringMatching(/^FAILED:/)));
  });
});

test("a scenario of an alert that does not exist is refused", () => {
  const scenario: Scenario = { ...down, alert: "MCPHangarGone", title: "", series: [], expect: [] };
  expect(() => promtoolTests([scenario], stack)).toThrow("MCPHangarGone, which does not exist");
});
