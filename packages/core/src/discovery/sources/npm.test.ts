import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { subprocessOptions } from "../../options.ts";
import type { DiscoveredServer } from "../source.ts";
import { npmSource } from "./npm.ts";

const SERVER = { version: "1.2.3", mcpName: "io.example/math", bin: "server.js" };

/** Files by path, written below a new folder; a manifest is written as it is given. */
async function folderWith(files: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hangar-npm-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

function installed(name: string, manifest: object): Record<string, unknown> {
  return { [`node_modules/${name}/package.json`]: manifest, [`node_modules/${name}/server.js`]: "" };
}

function discover(folder: string, packages: object = {}): Promise<readonly DiscoveredServer[]> {
  const options = npmSource.optionsSchema.parse({ type: "npm", folders: [folder], packages });
  return npmSource.create(options).discover(new AbortController().signal);
}

/** The one server of a package with that manifest. */
async function announced(manifest: object, packages: object = {}): Promise<DiscoveredServer | undefined> {
  const [server] = await discover(await folderWith(installed("math", manifest)), packages);
  return server;
}

describe("an installed package", () => {
  it("is a server when it has the name of one in the MCP Registry", async () => {
    const folder = await folderWith(installed("@scope/server-math", SERVER));
    expect(await discover(folder)).toEqual([
      {
        name: "server-math",
        location: `${join(folder, "node_modules/@scope/server-math")} (1.2.3)`,
        revision: "1.2.3",
        options: { mode: "subprocess", command: ["node", expect.stringMatching(/server-math\/server\.js$/)] },
      },
    ]);
  });

  it("is none when it does not say so", async () => {
    const { mcpName: _name, ...plain } = SERVER;
    expect(await announced({ ...plain, keywords: ["mcp", "mcp-server"] })).toBeUndefined();
    expect(await announced({ ...plain, mcpName: "", mcpHangar: [] })).toBeUndefined();
  });

  it("may declare how it is run, but neither a command nor a mode", async () => {
    const mcpHangar = { name: "sums", args: ["--stdio"], idle_ttl_s: 5, mode: "remote", command: "rm" };
    const server = await announced({ ...SERVER, mcpHangar });
    expect(server).toMatchObject({ name: "sums", options: { mode: "subprocess", args: ["--stdio"], idle_ttl_s: 5 } });
    expect(subprocessOptions.parse(server?.options).command).toEqual(["node", expect.stringContaining("server.js")]);
  });

  it("is run as the configuration wants it", async () => {
    const packages = { math: { name: "sums", args: ["--data", "/srv"], env: { TOKEN: "x" } } };
    const mcpHangar = { args: ["--stdio"], env: { TOKEN: "theirs" } };
    expect(await announced({ ...SERVER, mcpHangar }, packages)).toMatchObject({
      name: "sums",
      options: { args: ["--data", "/srv"], env: { TOKEN: "x" } },
    });
    expect(await announced(SERVER, { math: { enabled: false } })).toBeUndefined();
  });

  it("with several programs is run by the one that it names, or that is named like it", async () => {
    const bin = { math: "server.js", helper: "helper.js" };
    expect(await announced({ ...SERVER, bin })).toMatchObject({ options: { command: ["node", expect.any(String)] } });
    const other = { other: "server.js", helper: "helper.js" };
    expect(await announced({ ...SERVER, bin: other })).toMatchObject({
      problem: expect.stringContaining("other, helper"),
    });
    expect(await announced({ ...SERVER, bin: other, mcpHangar: { bin: "other" } })).toMatchObject({
      options: { command: ["node", expect.stringContaining("server.js")] },
    });
  });

  it.each([
    ["has no program", { bin: undefined }, "has no bin"],
    ["is not built", { bin: "dist/missing.js" }, "does not exist"],
    ["points out of its folder", { bin: "../../outside.js" }, "lies outside"],
    ["points at itself", { bin: "." }, "lies outside"],
  ])("that %s is named with its problem", async (_what, manifest, problem) => {
    const folder = await folderWith({ ...installed("math", { ...SERVER, ...manifest }), "outside.js": "" });
    expect(await discover(folder)).toMatchObject([{ name: "math", problem: expect.stringContaining(problem) }]);
  });

  it("whose program is no script is run as it is", async () => {
    const folder = await folderWith({
      ...installed("math", { ...SERVER, bin: "run" }),
      "node_modules/math/run": "#!/bin/sh\nexec true\n",
    });
    await chmod(join(folder, "node_modules/math/run"), 0o755);
    expect(await discover(folder)).toMatchObject([{ options: { command: [expect.stringMatching(/math\/run$/)] } }]);
    await writeFile(join(folder, "node_modules/math/run"), "#!/usr/bin/env node\n");
    expect(await discover(folder)).toMatchObject([{ options: { command: ["node", expect.any(String)] } }]);
  });

  it("that is installed by link, as pnpm does, is found and run where it really is", async () => {
    const folder = await folderWith({ "store/math/package.json": SERVER, "store/math/server.js": "" });
    await mkdir(join(folder, "node_modules"));
    await symlink("../store/math", join(folder, "node_modules/math"));
    expect(await discover(folder)).toMatchObject([
      { options: { command: ["node", expect.stringContaining("store/math/server.js")] } },
    ]);
  });
});

describe("a folder of packages", () => {
  it("that is a project announces its own dependencies, not what they bring along", async () => {
    const folder = await folderWith({
      "package.json": { dependencies: { math: "1", missing: "1", "../../etc": "1" }, devDependencies: { test: "1" } },
      ...installed("math", SERVER),
      ...installed("brought-along", SERVER),
      ...installed("test", SERVER),
    });
    expect((await discover(folder)).map(({ name }) => name)).toEqual(["math"]);
  });

  it("without a manifest announces all, such as npm's global folder", async () => {
    const folder = await folderWith({
      ...installed("math", SERVER),
      ...installed("@scope/words", SERVER),
      "node_modules/.bin/math": "",
      "node_modules/broken/package.json": "{",
      "node_modules/no-package": "a file",
    });
    expect((await discover(folder)).map(({ name }) => name)).toEqual(["words", "math"]);
    const withOverride = await discover(folder, { broken: {} });
    expect(withOverride.find(({ name }) => name === "broken")?.problem).toContain("package.json");
  });

  it("without packages, or that does not exist, is an error: nothing is removed while npm works on it", async () => {
    await expect(discover(await folderWith({ "package.json": SERVER }))).rejects.toThrow("has no node_modules");
    await expect(discover("/nowhere")).rejects.toThrow("/nowhere has no node_modules");
    await expect(discover(await folderWith({ "package.json": "{" }))).rejects.toThrow("package.json");
  });

  it("is read as it is published: the reference servers say that they are servers", async () => {
    const manifest = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/package.json"));
    const folder = await folderWith({});
    await mkdir(join(folder, "node_modules/@modelcontextprotocol"), { recursive: true });
    await symlink(dirname(manifest), join(folder, "node_modules/@modelcontextprotocol/server-everything"));
    expect(await discover(folder)).toMatchObject([
      { name: "server-everything", options: { command: ["node", expect.stringMatching(/dist\/index\.js$/)] } },
    ]);
  });
});
