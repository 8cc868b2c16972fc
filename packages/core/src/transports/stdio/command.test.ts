import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveCommand } from "./command.ts";

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "mcp-hangar-command-")));
  for (const name of ["one", "two"]) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "tool"), "#!/bin/sh\n");
  }
  await chmod(join(folder, "two", "tool"), 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

test("passes over what cannot be executed on the way through PATH", async () => {
  const path = [join(folder, "missing"), join(folder, "one"), join(folder, "two")].join(":");
  expect(await resolveCommand({ command: "tool", args: ["-a"] }, path)).toEqual({
    file: join(folder, "two", "tool"),
    args: ["-a"],
    cwd: undefined,
  });
});

test("takes arguments out of a command that is a list", async () => {
  const resolved = await resolveCommand({ command: [join(folder, "two/tool"), "a"], args: ["b"] }, undefined);
  expect(resolved).toMatchObject({ file: join(folder, "two", "tool"), args: ["a", "b"] });
});

test("looks for a relative path in the working directory of the server", async () => {
  const resolved = await resolveCommand({ command: "./tool", args: [], cwd: join(folder, "two") }, undefined);
  expect(resolved).toMatchObject({ file: join(folder, "two", "tool"), cwd: join(folder, "two") });
});

test.each([
  ["only files that cannot be executed", "tool", "one", "not_executable"],
  ["folders that have its name", "one", ".", "not_executable"],
  ["nothing", "tool", "missing", "command_not_found"],
  ["nothing, because the command is empty", "", "two", "command_not_found"],
])("says so when PATH has %s", async (_name, command, path, code) => {
  await expect(resolveCommand({ command, args: [] }, join(folder, path))).rejects.toMatchObject({ code });
});

test("says so when there is no PATH, or no working directory", async () => {
  await expect(resolveCommand({ command: "tool", args: [] }, undefined)).rejects.toMatchObject({
    code: "command_not_found",
    message: expect.stringContaining("PATH (which is not set)"),
  });
  await expect(
    resolveCommand({ command: "tool", args: [], cwd: join(folder, "one", "tool") }, "/bin"),
  ).rejects.toMatchObject({ code: "cwd_missing" });
});
