import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCommand } from "../test/run-command.ts";
import { generateMonitoring } from "./generate.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "monitoring-cli-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function cli(...args: readonly string[]): Promise<{ readonly status: number; readonly output: string }> {
  const { status, stdout, stderr } = await runCommand(args);
  return { status, output: stdout + stderr };
}

test("generate writes the files, and check finds them fresh until one is changed", async () => {
  expect(await cli("generate", "--out", folder)).toEqual({ status: 0, output: "" });
  for (const [path, content] of generateMonitoring()) expect(readFileSync(join(folder, path), "utf8")).toBe(content);
  expect(await cli("check", "--out", folder)).toMatchObject({ status: 0 });
  appendFileSync(join(folder, "prometheus/alerts.yaml"), "# by hand\n");
  const { status, output } = await cli("check", "--out", folder);
  expect(status).toBe(1);
  expect(output).toBe("prometheus/alerts.yaml is stale or missing: generate it again.\n");
});

test("the program prints and ends as its commands do", () => {
  const program = ["--conditions=@mcp-hangar/source", join(import.meta.dirname, "cli.ts"), "check", "--out", folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain("prometheus/alerts.yaml is stale or missing: generate it again.\n");
});

test("options of a file take effect, and unsound ones write nothing and say why", async () => {
  const options = join(folder, "options.json");
  writeFileSync(options, JSON.stringify({ alerts: { HighErrorRate: { share: 0.3 } } }));
  expect((await cli("generate", "--out", folder, "--options", options)).status).toBe(0);
  expect(readFileSync(join(folder, "prometheus/alerts.yaml"), "utf8")).toContain("the limit is 30 %");
  writeFileSync(options, JSON.stringify({ alerts: { HighErrorRate: { share: 30 } } }));
  const { status, output } = await cli("generate", "--out", folder, "--options", options);
  expect(status).toBe(1);
  expect(output).toContain("alert MCPHangarHighErrorRate: the condition > 30 can never hold");
  expect(readFileSync(join(folder, "prometheus/alerts.yaml"), "utf8")).toContain("the limit is 30 %");
});

test("options with a typing error change nothing in silence", async () => {
  const options = join(folder, "options.json");
  writeFileSync(options, JSON.stringify({ alert: { HighErrorRate: { share: 0.3 } } }));
  const { status, output } = await cli("generate", "--out", join(folder, "out"), "--options", options);
  expect(status).toBe(2);
  expect(output).toBe("The options cannot be used:\n  alert does not exist: is it alerts?\n");
  expect(existsSync(join(folder, "out"))).toBe(false);
});

test("a folder that cannot be written is named", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const { status, output } = await cli("generate", "--out", join(file, "out"));
  expect(status).toBe(2);
  expect(output).toMatch(/^ENOTDIR: .*file\/out.*\n$/);
});
