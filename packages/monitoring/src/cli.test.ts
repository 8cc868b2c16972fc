import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultFiles } from "../test/defaults.ts";
import { runCommand } from "../test/run-command.ts";
import { defaultOptions } from "./settings/options.ts";
import { optionsSchema } from "./settings/options-schema.ts";

/** So fast that the error ratio would have to be above 1 where the objective is 95 %. */
const BURN = { long: "1h", short: "5m", budgetShare: 0.1, minimum: 0, for: "2m", severity: "critical" };

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
  const { status: generated, output: told } = await cli("generate", "--out", folder);
  expect(generated).toBe(0);
  const files = defaultFiles();
  for (const [path, content] of files) expect(readFileSync(join(folder, path), "utf8")).toBe(content);
  expect(told).toContain("new      grafana/dashboards/ 5 files\n");
  expect(told).toContain(`${folder}: ${files.size} new, 0 changed, 0 as they were.\n`);
  expect(await cli("check", "--out", folder)).toMatchObject({ status: 0 });
  appendFileSync(join(folder, "prometheus/alerts.yaml"), "# by hand\n");
  const { status, output } = await cli("check", "--out", folder);
  expect(status).toBe(1);
  expect(output).toBe("prometheus/alerts.yaml is stale or missing: generate it again.\n");
});

test("what is generated again is named where it changes, and left alone where it does not", async () => {
  await cli("generate", "--out", folder);
  const file = join(folder, "catalog.json");
  appendFileSync(file, "\n");
  const alerts = statSync(join(folder, "prometheus/alerts.yaml")).ino;
  const { output } = await cli("generate", "--out", folder);
  const { size } = defaultFiles();
  expect(output).toBe(`changed  catalog.json\n${folder}: 0 new, 1 changed, ${size - 1} as they were.\n`);
  expect(statSync(join(folder, "prometheus/alerts.yaml")).ino).toBe(alerts);
  const { stdout } = await runCommand(["generate", "--out", folder, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ out: folder, added: [], changed: [] });
});

test("options shows the defaults, a schema of them, and what a file makes of them", async () => {
  const shown = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await runCommand(["options", ...args])).stdout);
  expect(await shown()).toEqual(JSON.parse(JSON.stringify(defaultOptions)));
  expect(await shown("--schema")).toEqual(JSON.parse(JSON.stringify(optionsSchema())));
  const options = join(folder, "options.json");
  writeFileSync(options, JSON.stringify({ $schema: "./x.json", jobName: "gateway-eu" }));
  expect(await shown("--options", options)).toMatchObject({ jobName: "gateway-eu", scrapeInterval: "10s" });
});

test("the version is that of the package", async () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));
  expect(await cli("--version")).toEqual({ status: 0, output: `${manifest.version}\n` });
});

test("scripts get what is wrong as JSON", async () => {
  const options = join(folder, "options.json");
  writeFileSync(options, JSON.stringify({ alerts: { HighErrorRate: { share: 30 } } }));
  const refused = await runCommand(["check", "--options", options, "--json"]);
  expect(refused.status).toBe(2);
  expect(JSON.parse(refused.stdout)).toEqual({
    problems: [
      {
        path: "alerts.HighErrorRate.share",
        problem: "is 30",
        allowed: "give a number from 0 to below 1, such as 0.05 for 5 %",
      },
    ],
  });
  writeFileSync(options, JSON.stringify({ alerts: { HighErrorRate: { for: "1s" } } }));
  const unsound = await runCommand(["check", "--options", options, "--json"]);
  expect(unsound.status).toBe(1);
  const [violation] = JSON.parse(unsound.stdout).violations;
  expect(violation).toMatchObject({ subject: "alert MCPHangarHighErrorRate:server", check: "for-fits-window" });
  expect(violation.option).toContain('alerts.HighErrorRate is {"severity":"critical"');
  const sound = await runCommand(["check", "--json"]);
  expect(JSON.parse(sound.stdout)).toEqual({ files: defaultFiles().size, stale: [] });
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
  writeFileSync(options, JSON.stringify({ burn: { windows: [BURN] } }));
  const { status, output } = await cli("generate", "--out", folder, "--options", options);
  expect(status).toBe(1);
  expect(output).toContain("[burn-rate-reachable]");
  expect(output).toContain('  option: slos.batch_success is {"objective":0.95}\n');
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
