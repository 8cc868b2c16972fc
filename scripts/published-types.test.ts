import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const parent = mkdtempSync(join(tmpdir(), "hangar-published-"));
afterAll(() => rmSync(parent, { recursive: true }));

/** A package of one module, whose types are in this file. */
function packageWith(name: string, types: string): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  const exports = { ".": { types: `./${types}`, default: "./index.js" } };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0", type: "module", exports }));
  writeFileSync(join(folder, "index.js"), "export const one = 1;\n");
  writeFileSync(join(folder, "index.d.ts"), "export declare const one: number;\n");
  writeFileSync(join(folder, "index.d.cts"), "export declare const one: number;\n");
  return folder;
}

function check(...folders: readonly string[]) {
  const program = join(import.meta.dirname, "published-types.ts");
  const { status, stderr } = spawnSync(process.execPath, [program, ...folders], { encoding: "utf8" });
  return { status, stderr };
}

test("packages whose types are not found, or are those of another kind of module, are named, and no others", () => {
  const sound = packageWith("sound", "index.d.ts");
  const [absent, other] = [packageWith("absent", "gone.d.ts"), packageWith("other", "index.d.cts")];
  const { status, stderr } = check(sound, absent, other);
  expect(status).toBe(1);
  expect(stderr.split("\n").filter((line) => line !== "")).toEqual([
    expect.stringMatching(`^${absent}: .*FallbackCondition`),
    expect.stringMatching(`^${absent}: .*FallbackCondition`),
    expect.stringMatching(`^${other}: .*FalseCJS`),
  ]);
});

test("to name no package is an error", () => {
  expect(check()).toMatchObject({ status: 1, stderr: expect.stringContaining("no folder of a package is named") });
});
