import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPins } from "./pins.mjs";
import { findToolchain, runningNode } from "./resolve.mjs";

const pins = readPins();
let directory: string;
let said: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hangar-toolchain-"));
  said = [];
});

afterEach(() => rmSync(directory, { recursive: true }));

describe("finding a toolchain", () => {
  it("takes the running Node.js and the pnpm on PATH when both fit, without asking npx", async () => {
    program("pnpm", `echo ${pins.pnpm}`);
    program("npx", `: >${directory}/asked; exit 1`);
    const found = await find();
    expect(found).toMatchObject({ ok: true, directories: [directory] });
    expect(() => readFileSync(`${directory}/asked`)).toThrow("ENOENT");
    expect(said).toEqual([]);
  });

  it("asks npx for the pinned pair when pnpm has another version, and puts its directory first on PATH", async () => {
    program("pnpm", "echo 9.0.0");
    program("npx", `echo "$@" >${directory}/asked; echo v${pins.node}; echo ${pins.pnpm}; echo /p/node; echo /p/pnpm`);
    const found = await find();
    expect(found).toMatchObject({ ok: true, directories: ["/p"], env: { PATH: expect.stringMatching(/^\/p:/) } });
    expect(readFileSync(`${directory}/asked`, "utf8")).toContain(`-p node@${pins.node} -p pnpm@${pins.pnpm}`);
    expect(said).toEqual([expect.stringContaining(`bringing Node.js ${pins.node} and pnpm ${pins.pnpm}`)]);
  });

  it("asks npx when the running Node.js is too old, whichever pnpm there is", async () => {
    program("pnpm", `echo ${pins.pnpm}`);
    program("npx", `echo v${pins.node}; echo ${pins.pnpm}; echo /p/node; echo /q/pnpm`);
    expect(await find({}, "20.20.2")).toMatchObject({ ok: true, directories: ["/p", "/q"] });
  });

  it("refuses another version than the pinned one from npx", async () => {
    program("npx", `echo v20.0.0; echo ${pins.pnpm}; echo /p/node; echo /p/pnpm`);
    expect(await find()).toMatchObject({ ok: false, problem: expect.stringContaining("v20.0.0") });
  });

  it("asks npx once for a pair that is still there, and again when it is gone", async () => {
    const brought = join(directory, "brought");
    mkdirSync(brought);
    program("brought/node", "exit 1");
    program("brought/pnpm", "exit 1");
    const answer = `echo v${pins.node}; echo ${pins.pnpm}; echo ${brought}/node; echo ${brought}/pnpm`;
    program("npx", `echo asked >>${directory}/asked; ${answer}`);
    const asked = (): number => readFileSync(`${directory}/asked`, "utf8").trim().split("\n").length;
    expect(await find({}, "20.20.2")).toMatchObject({ ok: true, directories: [brought] });
    expect(await find({}, "20.20.2")).toMatchObject({ ok: true, directories: [brought] });
    expect(asked()).toBe(1);
    expect(said).toHaveLength(1);
    rmSync(join(brought, "pnpm"));
    await find({}, "20.20.2");
    expect(asked()).toBe(2);
  });

  it.each(["", "{", '"text"', '{"node":"1.0.0","pnpm":"1.0.0","directories":["/"]}', '{"directories":1}', "null"])(
    "asks npx when what it remembers is %j",
    async (text) => {
      mkdirSync(join(directory, "kept"));
      writeFileSync(join(directory, "kept/toolchain.json"), text);
      program("npx", `echo v${pins.node}; echo ${pins.pnpm}; echo /p/node; echo /p/pnpm`);
      expect(await find({}, "20.20.2")).toMatchObject({ ok: true, directories: ["/p"] });
    },
  );

  it("takes the running Node.js alone for what is built, if it is new enough", () => {
    expect(runningNode({ PATH: "/bin" }, { version: pins.oldestNode, directory: "/n" })).toMatchObject({
      ok: true,
      directories: ["/n"],
      env: { PATH: "/n:/bin" },
    });
    expect(runningNode({}, { version: "20.20.2", directory: "/n" })).toBeUndefined();
  });

  it("says what npx said and what to do when it fails", async () => {
    program("npx", "echo 'no route to the registry' >&2; exit 9");
    const found = await find();
    expect(found.ok ? "" : found.problem).toMatch(
      /ended with exit code 9[\s\S]*install Node\.js >= 22\.19[\s\S]*no route to the registry/,
    );
  });

  it("says so when there is no npx at all", async () => {
    expect(await find()).toMatchObject({ ok: false, problem: expect.stringContaining("could not be run") });
  });

  it("keeps what an outer npx left in the environment away from every npx below", async () => {
    program("pnpm", `echo ${pins.pnpm}`);
    const found = await find({ npm_config_call: "pnpm test", npm_config_package: "pnpm", npm_config_cache: "/cache" });
    expect(found).toMatchObject({ ok: true, env: { npm_config_cache: "/cache" } });
    expect(found).not.toHaveProperty("env.npm_config_call");
    expect(found).not.toHaveProperty("env.npm_config_package");
  });
});

/** Looks from a machine whose PATH holds only the programs of the test; they use nothing but what is built into the shell. */
function find(
  env: Readonly<Record<string, string>> = {},
  version: string = pins.oldestNode,
): ReturnType<typeof findToolchain> {
  return findToolchain(
    { PATH: directory, ...env },
    (line) => said.push(line),
    { version, directory },
    join(directory, "kept/toolchain.json"),
  );
}

function program(name: string, script: string): void {
  const file = join(directory, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}
