import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkPublicNames } from "./public-names/check.ts";

const catalog = readFileSync(join(import.meta.dirname, "../monitoring/catalog.json"), "utf8");
const RELEASE = "@mcp-hangar/telemetry@1.2.3";
const METRIC = "mcp_hangar_tool_calls_total";
const ALERT = "MCPHangarHighErrorRate";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "public-names-"));
  git("init", "--quiet", "--initial-branch=main");
  write("monitoring/catalog.json", catalog);
  setVersions("1.2.3");
  write(".changeset/README.md", "# Changesets\n");
  commit("first");
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function git(...args: readonly string[]): void {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
  execFileSync("git", ["-C", root, ...identity, ...args], { stdio: "pipe" });
}

function write(file: string, content: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), content);
}

function commit(message: string): void {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
}

function setVersions(version: string): void {
  for (const name of ["telemetry", "monitoring"]) {
    write(`packages/${name}/package.json`, JSON.stringify({ name: `@mcp-hangar/${name}`, version }));
  }
}

/** A change of the catalog after the release. */
function rename(name: string): void {
  expect(catalog).toContain(`"${name}"`);
  write("monitoring/catalog.json", catalog.replaceAll(`"${name}"`, `"${name.replace(/(_total)?$/, "_x$1")}"`));
  commit(`rename ${name}`);
}

function changeset(bump: string, name = "@mcp-hangar/telemetry"): void {
  write(".changeset/topic.md", `---\n"${name}": ${bump}\n---\n\nSomething else is counted.\n`);
  commit("say so");
}

async function check() {
  const { code, text } = await checkPublicNames(root);
  return { status: code, said: `${text}\n` };
}

describe("before the first release", () => {
  test("nothing can be broken, and it is said that there is none", async () => {
    rename(METRIC);
    expect(await check()).toEqual({
      status: 0,
      said: "There is no release yet: no tag @mcp-hangar/telemetry@x.y.z leads here. Nothing to compare.\n",
    });
  });

  test("tags of other packages, of other kinds and of other branches are no release", async () => {
    git("tag", "@mcp-hangar/core@1.2.3");
    git("tag", "@mcp-hangar/telemetry@next");
    git("switch", "--quiet", "--create", "other");
    write("news", "");
    commit("elsewhere");
    git("tag", RELEASE);
    git("switch", "--quiet", "main");
    rename(METRIC);
    expect((await check()).said).toContain("There is no release yet");
  });
});

describe("since a release", () => {
  beforeEach(() => {
    git("tag", RELEASE);
  });

  test("nothing is broken when nothing has changed", async () => {
    expect(await check()).toEqual({ status: 0, said: `No public name of ${RELEASE} is broken.\n` });
  });

  test("the program prints and ends as the check does", () => {
    const program = ["--conditions=@mcp-hangar/source", join(import.meta.dirname, "public-names.ts"), root];
    const run = () => spawnSync(process.execPath, program, { encoding: "utf8" });
    expect(run()).toMatchObject({ status: 0, stdout: `No public name of ${RELEASE} is broken.\n`, stderr: "" });
    rename(METRIC);
    const { status, stdout, stderr } = run();
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain('run "pnpm changeset"');
  });

  test("a renamed metric without a changeset fails, and the message says what to do", async () => {
    rename(METRIC);
    const { status, said } = await check();
    expect(status).toBe(1);
    expect(said).toContain(`metric ${METRIC}: it is gone; looks like a rename to mcp_hangar_tool_calls_x_total`);
    expect(said).toContain('a changeset with "@mcp-hangar/telemetry": major');
    expect(said).toContain('run "pnpm changeset"');
  });

  test.each(["minor", "patch"])("a renamed metric with a %s changeset fails", async (bump) => {
    rename(METRIC);
    changeset(bump);
    expect((await check()).status).toBe(1);
  });

  test("a renamed metric with a major changeset of another package fails", async () => {
    rename(METRIC);
    changeset("major", "@mcp-hangar/core");
    expect((await check()).status).toBe(1);
  });

  test("a renamed metric with a major changeset passes, and is listed", async () => {
    rename(METRIC);
    changeset("major");
    const { status, said } = await check();
    expect(status).toBe(0);
    expect(said).toContain(`announced by a major changeset:\n  metric ${METRIC}: it is gone`);
  });

  test("a renamed alert demands the changeset of the package of the alerts", async () => {
    rename(ALERT);
    changeset("major");
    expect(await check()).toMatchObject({
      status: 1,
      said: expect.stringContaining('"@mcp-hangar/monitoring": major'),
    });
    changeset("major", "@mcp-hangar/monitoring");
    expect((await check()).status).toBe(0);
  });

  test("a new metric demands nothing", async () => {
    const added = '"metrics": [{ "name": "mcp_hangar_x", "type": "gauge", "help": "X.", "labels": [] },';
    write("monitoring/catalog.json", catalog.replace('"metrics": [', added));
    expect(await check()).toMatchObject({ status: 0, said: expect.stringContaining("No public name") });
  });

  test("the commit that makes the major version passes, though it has used up the changeset", async () => {
    rename(METRIC);
    setVersions("2.0.0");
    commit("version");
    expect((await check()).status).toBe(0);
  });

  test("a minor version before 1.0.0 may break as little as any", async () => {
    git("tag", "--delete", RELEASE);
    git("tag", "@mcp-hangar/telemetry@0.1.0");
    setVersions("0.2.0");
    rename(METRIC);
    changeset("minor");
    expect((await check()).status).toBe(1);
    changeset("major");
    expect((await check()).status).toBe(0);
  });

  test("the latest release counts, and a pre-release comes before its release", async () => {
    rename(METRIC);
    git("tag", "@mcp-hangar/telemetry@2.0.0-next.1");
    expect((await check()).said).toContain("telemetry@2.0.0-next.1 is broken");
    git("tag", "@mcp-hangar/telemetry@2.0.0");
    git("tag", "@mcp-hangar/telemetry@1.10.0");
    expect((await check()).said).toContain("telemetry@2.0.0 is broken");
  });

  test("a release from before there was a catalog has nothing to compare", async () => {
    git("rm", "--quiet", "monitoring/catalog.json");
    commit("without");
    git("tag", "@mcp-hangar/telemetry@1.3.0");
    write("monitoring/catalog.json", catalog);
    expect(await check()).toMatchObject({
      status: 0,
      said: expect.stringContaining("1.3.0 has no monitoring/catalog.json"),
    });
  });
});

describe("what cannot be found out does not pass:", () => {
  test("a folder without git", async () => {
    rmSync(join(root, ".git"), { recursive: true });
    expect(await check()).toMatchObject({ status: 2, said: expect.stringContaining("not a git repository") });
  });

  test("a catalog that is gone or damaged", async () => {
    git("tag", RELEASE);
    rmSync(join(root, "monitoring/catalog.json"));
    expect(await check()).toMatchObject({ status: 2, said: expect.stringContaining("there is no such file") });
    write("monitoring/catalog.json", "{}");
    expect(await check()).toMatchObject({ status: 2, said: expect.stringContaining("no catalog of MCP Hangar") });
  });

  test("a changeset that nobody can read", async () => {
    git("tag", RELEASE);
    rename(METRIC);
    write(".changeset/topic.md", "major, please\n");
    expect((await check()).status).toBe(2);
  });
});
