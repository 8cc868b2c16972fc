import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "./lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const isHeld = (result: Awaited<ReturnType<typeof lockFolder>>): boolean => "heldBy" in result;
const endedPid = (): number => spawnSync(process.execPath, ["--version"]).pid;

describe("the lock of a folder", () => {
  it("goes to one of many who ask at the same time, and to another once it is released", async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => lockFolder(folder)));
    expect(results.filter(isHeld)).toHaveLength(19);
    expect(results.find(isHeld)).toEqual({ heldBy: process.pid });
    for (const result of results) if (!("heldBy" in result)) await result.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(isHeld(await lockFolder(folder))).toBe(false);
  });

  it.each([
    ["whose process is gone", () => `${endedPid()} 1234\n`],
    ["whose process is gone and had no known start", () => `${endedPid()} unknown\n`],
    ["that names nobody", () => ""],
    ["that is no lock", () => "\0\0\0 x"],
  ])("%s is taken over by one of many", async (_what, text) => {
    const stale = text();
    for (let round = 0; round < 20; round++) {
      writeFileSync(join(folder, "lock"), stale);
      const results = await Promise.all(Array.from({ length: 20 }, () => lockFolder(folder)));
      expect(results.filter(isHeld)).toHaveLength(19);
      expect(readdirSync(folder)).toEqual(["lock"]);
    }
  });

  it("is not taken from a process that runs", async () => {
    writeFileSync(join(folder, "lock"), `${process.ppid} unknown\n`);
    expect(await lockFolder(folder)).toEqual({ heldBy: process.ppid });
    expect(readFileSync(join(folder, "lock"), "utf8")).toBe(`${process.ppid} unknown\n`);
  });

  it.runIf(process.platform === "linux")("of an earlier process with the same number is taken over", async () => {
    writeFileSync(join(folder, "lock"), `${process.pid} 1\n`);
    expect(isHeld(await lockFolder(folder))).toBe(false);
  });

  it("of a folder that is gone is an error", async () => {
    await expect(lockFolder(join(folder, "none"))).rejects.toThrow("ENOENT");
  });
});
