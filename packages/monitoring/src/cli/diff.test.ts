import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultFiles } from "../../test/defaults.ts";
import { runCommand } from "../../test/run-command.ts";
import { type CatalogLock, lockFile } from "../diff/lock.ts";
import { parseLock } from "../diff/parse-lock.ts";

const shipped = defaultFiles().get("catalog.json") ?? "";
const lock = parseLock(shipped, "the catalog that is shipped");

let folder: string;
/** Has a metric that the installed packages have not, so from it to them something is breaking. */
let older: string;
/** Lacks a metric that the installed packages have, so from it to them something is new. */
let smaller: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "monitoring-diff-"));
  const extra = { name: "mcp_hangar_old_total", type: "counter", help: "Old.", labels: [] } as const;
  older = written("older.json", { ...lock, metrics: [...lock.metrics, extra] });
  smaller = written("smaller.json", { ...lock, metrics: lock.metrics.slice(1) });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function written(name: string, content: CatalogLock | string): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : lockFile(content));
  return file;
}

function diff(args: readonly string[], input = "") {
  return runCommand(["diff", ...args], input);
}

describe("diff compares with the installed packages", () => {
  test("and ends with 0 when nothing has changed", async () => {
    expect(await diff([written("same.json", shipped)])).toEqual({
      status: 0,
      stdout: "No public name has changed.\n",
      stderr: "",
    });
  });

  test("and ends with 1 when something is gone", async () => {
    const { status, stdout } = await diff([older]);
    expect(status).toBe(1);
    expect(stdout).toContain("Breaking:\n  metric mcp_hangar_old_total: it is gone\n");
  });

  test("and ends with 0 when something is new", async () => {
    const { status, stdout } = await diff([smaller]);
    expect(status).toBe(0);
    expect(stdout).toContain(`Compatible:\n  metric ${lock.metrics[0]?.name}: it is new\n`);
  });

  test("generated with the options of a file", async () => {
    const options = written("options.json", JSON.stringify({ alerts: { McpServerStarted: { enabled: false } } }));
    const { status, stdout } = await diff([written("default.json", shipped), "--options", options]);
    expect(status).toBe(1);
    expect(stdout).toContain("alert MCPHangarMcpServerStarted: it is gone");
  });

  test("and reads what git shows from the standard input", async () => {
    expect((await diff(["-"], shipped)).status).toBe(0);
    expect((await diff(["-"], readFileSync(older, "utf8"))).status).toBe(1);
  });
});

test("as a program it reads its standard input, prints, and ends with the code", () => {
  const program = ["--conditions=@mcp-hangar/source", join(import.meta.dirname, "../cli.ts"), "diff", "-"];
  const input = readFileSync(older, "utf8");
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: "utf8", input });
  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
  expect(stdout).toContain("Breaking:\n  metric mcp_hangar_old_total: it is gone\n");
});

test("two files are compared in their order, and a script gets JSON", async () => {
  expect(JSON.parse((await diff([smaller, older, "--json"])).stdout)).toMatchObject({ breaking: 0, compatible: 2 });
  const { status, stdout } = await diff([older, smaller, "--json"]);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    breaking: 2,
    compatible: 0,
    changes: [
      { impact: "breaking", kind: "removed", subject: "metric", name: lock.metrics[0]?.name },
      { impact: "breaking", kind: "removed", subject: "metric", name: "mcp_hangar_old_total" },
    ],
  });
});

describe("what cannot be compared ends with 2, prints nothing else, and says what to do:", () => {
  const CASES: readonly (readonly [what: string, args: () => readonly string[], says: string])[] = [
    ["no file", () => [], "missing required argument 'old'"],
    ["an option that does not exist", () => [older, "--yaml"], "unknown option '--yaml'"],
    ["a file that does not exist", () => [join(folder, "none.json")], "there is no such file. Git has the catalog"],
    ["a folder", () => [folder], "it is a folder. Give the catalog.json in it"],
    ["another file", () => [written("other.json", "{}")], 'its "kind" is not "mcp-hangar-catalog"'],
    ["a text", () => [written("text.json", "# Notes")], "text.json is not JSON"],
    ["a file without end", () => ["/dev/zero"], "larger than 4194304 bytes, which no catalog is"],
    ["the standard input twice", () => ["-", "-"], "there is only one standard input"],
    ["options for a file", () => [older, smaller, "--options", older], "another catalog is given"],
    [
      "options that are a list",
      () => [older, "--options", written("list.json", "[]")],
      "the whole is []: give an object",
    ],
    ["options that are no JSON", () => [older, "--options", written("no.json", "x: 1")], "no.json is not JSON"],
    ["options that do not exist", () => [older, "--options", "none.json"], "none.json cannot be read: ENOENT"],
  ];

  test.each(CASES)("%s", async (_, args, says) => {
    const { status, stdout, stderr } = await diff(args());
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr, "no stack trace").not.toMatch(/^ +at /m);
  });
});

test("the help tells what is breaking, the exit codes, and how to compare with a release", async () => {
  const { status, stdout } = await diff(["--help"]);
  expect(status).toBe(0);
  for (const part of ["Breaking is whatever", "Exit codes: 0", "git show @mcp-hangar/telemetry@", "--json"]) {
    expect(stdout).toContain(part);
  }
});
