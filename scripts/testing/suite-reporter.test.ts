import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

/** Where Node.js keeps what it has compiled: most of what each of these runs does. */
const { NODE_COMPILE_CACHE } = process.env;
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "hangar-suite-"));
afterAll(() => rmSync(folder, { recursive: true }));

const config = `
import { SuiteReporter } from ${JSON.stringify(at("suite-reporter.ts"))};
import { requirements } from ${JSON.stringify(at("programs.mjs"))};
const { env } = process;
const mayBeMissing = (env.MAY_MISS ?? "").split(" ");
const suite = new SuiteReporter({ workers: 1, strict: env.STRICT === "1", mayBeMissing, record: false });
export default {
  root: ${JSON.stringify(folder)},
  test: { pool: "threads", tags: requirements.map(({ name, isMet }) => ({ name, ...(!isMet() && { skip: true }) })), reporters: [suite] },
};
`;

/** Runs a test file with a PATH on which nothing is, as a run of the whole suite would. */
function run(source: string, env: Readonly<Record<string, string>> = {}) {
  writeFileSync(join(folder, "vitest.config.ts"), config);
  writeFileSync(join(folder, "some.test.ts"), `const { test } = globalThis;\n${source}`);
  const { status, stderr } = spawnSync(
    process.execPath,
    [at("../../node_modules/vitest/vitest.mjs"), "run", "--globals", "--config", join(folder, "vitest.config.ts")],
    { cwd: at("../.."), env: { PATH: folder, HOME: folder, NODE_COMPILE_CACHE, ...env }, encoding: "utf8" },
  );
  return { status, told: stderr.split("\n").filter((line) => line.startsWith("[tests] ")) };
}

const NEEDS_JQ = 'test("one", { tags: ["jq"] }, () => {});\ntest("other", () => {});';
const LEFT_OUT =
  "[tests] left out: 1 test of some.test.ts, for jq is missing, which runs the searches of the runbooks. " +
  "To run them: apt-get install --no-install-recommends jq";

describe("a test whose program is missing", () => {
  test("is left out, and the last lines say why and what brings it", () => {
    expect(run(NEEDS_JQ)).toEqual({ status: 0, told: [LEFT_OUT] });
  });

  test("is left out too when it has what else it needs", () => {
    const { status, told } = run('test("one", { tags: ["jq", "linux"] }, () => {});\ntest("other", () => {});');
    expect(status).toBe(0);
    expect(told).toContain(LEFT_OUT);
  });

  test("makes a strict run fail, unless this machine may miss the program", () => {
    const refused = "[tests] nothing may be left out here, but 1 of the tests was: the run has failed";
    expect(run(NEEDS_JQ, { STRICT: "1" })).toEqual({ status: 1, told: [LEFT_OUT, refused] });
    expect(run(NEEDS_JQ, { STRICT: "1", MAY_MISS: "podman jq" })).toEqual({ status: 0, told: [LEFT_OUT] });
  });
});

test("a test that is skipped for no reason makes a strict run fail", () => {
  const { status, told } = run('test.skip("one", () => {});\ntest("other", () => {});', {
    STRICT: "1",
    MAY_MISS: "jq",
  });
  expect(status).toBe(1);
  expect(told[0]).toBe("[tests] left out without a reason that this machine gives: 1 test of some.test.ts");
});

test("a run in which nothing is left out says nothing of it", () => {
  expect(run('test("one", () => {});', { STRICT: "1" })).toEqual({ status: 0, told: [] });
});
