import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./toolchain/pins.mjs";

const [, section = ""] = readFileSync(join(root, "SECURITY.md"), "utf8").split(
  "## Attacks, and what the others notice\n",
);
const [table = ""] = section.split("\n## ");
const rows = table
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2)
  .map((line) => line.split(" | "));

test("the table of attacks has a row an attack, and each is tried once", () => {
  expect(rows.length).toBeGreaterThan(40);
  expect(new Set(rows.map(([attack]) => attack)).size).toBe(rows.length);
});

test.each(rows.map(([attack = "", , tests = ""]) => [attack, tests]))("%s: its tests are there", (_attack, tests) => {
  const files = [...tests.matchAll(/`([^` ]+\.test\.ts)`/g)].map(([, file = ""]) => file);
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
