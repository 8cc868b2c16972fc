import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const script = join(import.meta.dirname, "public-names.ts");
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

function check() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: "utf8" });
  return { status, said: stdout + stderr };
}

describe("before the first release", () => {
  test("nothing can be broken, and it is said that there is none", () => {
    rename(METRIC);
    expect(check()).toEqual({
      status: 0,
      said: "There is no release yet: no tag @mcp-hangar/telemetry@x.y.z leads here. Nothing to compare.\n",
    });
  });

  test("tags of other packages, of other kinds and of other branches are no release", () => {
    git("tag", "@mcp-hangar/core@1.2.3");
    git("tag", "@mcp-hangar/telemetry@next");
    git("switch", "--quiet", "--create", "other");
    write("news", "");
    commit("elsewhere");
    git("tag", RELEASE);
    git("switch", "--quiet", "main");
    rename(METRIC);
    expect(check().said).toContain("There is no release yet");
  });
});

describe("since a release", () => {
  beforeEach(() => {
    git("tag", RELEASE);
  });

  test("nothing is broken when nothing has changed", () => {
    expect(check()).toEqual({ status: 0, said: `No public name of ${RELEASE} is broken.\n` });
  });

  test("a renamed metric without a changeset fails, and the message says what to do", () => {
    rename(METRIC);
    const { status, said } = check();
    expect(status).toBe(1);
    expect(said).toContain(`metric ${METRIC}: it is gone; looks like a rename to mcp_hangar_tool_calls_x_total`);
    expect(said).toContain('a changeset with "@mcp-hangar/telemetry": major');
    expect(said).toContain('run "pnpm changeset"');
  });

  test.each(["minor", "patch"])("a renamed metric with a %s changeset fails", (bump) => {
    rename(METRIC);
    changeset(bump);
    expect(check().status).toBe(1);
  });

  test("a renamed metric with a major changeset of another package fails", () => {
    rename(METRIC);
    changeset("major", "@mcp-hangar/core");
    expect(check().status).toBe(1);
  });

  test("a renamed metric with a major changeset passes, and is listed", () => {
    rename(METRIC);
    changeset("major");
    const { status, said } = check();
    expect(status).toBe(0);
    expect(said).toContain(`announced by a major changeset:\n  metric ${METRIC}: it is gone`);
  });

  test("a renamed alert demands the changeset of the package of the alerts", () => {
    rename(ALERT);
    changeset("major");
    expect(check()).toMatchObject({ status: 1, said: expect.stringContaining('"@mcp-hangar/monitoring": major') });
    changeset("major", "@mcp-hangar/monitoring");
    expect(check().status).toBe(0);
  });

  test("a new metric demands nothing", () => {
    const added = '"metrics": [{ "name": "mcp_hangar_x", "type": "gauge", "help": "X.", "labels": [] },';
    write("monitoring/catalog.json", catalog.replace('"metrics": [', added));
    expect(check()).toMatchObject({ status: 0, said: expect.stringContaining("No public name") });
  });

  test("the commit that makes the major version passes, though it has used up the changeset", () => {
    rename(METRIC);
    setVersions("2.0.0");
    commit("version");
    expect(check().status).toBe(0);
  });

  test("a minor version before 1.0.0 may break as little as any", () => {
    git("tag", "--delete", RELEASE);
    git("tag", "@mcp-hangar/telemetry@0.1.0");
    setVersions("0.2.0");
    rename(METRIC);
    changeset("minor");
    expect(check().status).toBe(1);
    changeset("major");
    expect(check().status).toBe(0);
  });

  test("the latest release counts, and a pre-release comes before its release", () => {
    rename(METRIC);
    git("tag", "@mcp-hangar/telemetry@2.0.0-next.1");
    expect(check().said).toContain("telemetry@2.0.0-next.1 is broken");
    git("tag", "@mcp-hangar/telemetry@2.0.0");
    git("tag", "@mcp-hangar/telemetry@1.10.0");
    expect(check().said).toContain("telemetry@2.0.0 is broken");
  });

  test("a release from before there was a catalog has nothing to compare", () => {
    git("rm", "--quiet", "monitoring/catalog.json");
    commit("without");
    git("tag", "@mcp-hangar/telemetry@1.3.0");
    write("monitoring/catalog.json", catalog);
    expect(check()).toMatchObject({ status: 0, said: expect.stringContaining("1.3.0 has no monitoring/catalog.json") });
  });
});

describe("what cannot be found out does not pass:", () => {
  test("a folder without git", () => {
    rmSync(join(root, ".git"), { recursive: true });
    expect(check()).toMatchObject({ status: 2, said: expect.stringContaining("not a git repository") });
  });

  test("a catalog that is gone or damaged", () => {
    git("tag", RELEASE);
    rmSync(join(root, "monitoring/catalog.json"));
    expect(check()).toMatchObject({ status: 2, said: expect.stringContaining("there is no such file") });
    write("monitoring/catalog.json", "{}");
    expect(check()).toMatchObject({ status: 2, said: expect.stringContaining("no catalog of MCP Hangar") });
  });

  test("a changeset that nobody can read", () => {
    git("tag", RELEASE);
    rename(METRIC);
    write(".changeset/topic.md", "major, please\n");
    expect(check().status).toBe(2);
  });
});
