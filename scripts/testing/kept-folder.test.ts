import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keptFolder } from "./kept-folder.ts";

let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "kept-folder-"));
});

afterEach(() => rmSync(cache, { recursive: true }));

function keep(name: string, text = name): string {
  return readFileSync(
    join(
      keptFolder(cache, name, (folder) => writeFileSync(join(folder, "file"), text)),
      "file",
    ),
    "utf8",
  );
}

test("a folder is made once, and found again", () => {
  expect(keep("a")).toBe("a");
  expect(keep("a", "made again")).toBe("a");
  expect(keep("b")).toBe("b");
});

test("what another run has made meanwhile is taken, and nothing else is left", () => {
  const folder = keptFolder(cache, "a", () => keep("a", "of the other"));
  expect(readFileSync(join(folder, "file"), "utf8")).toBe("of the other");
  expect(readdirSync(cache)).toEqual(["a"]);
});

test("nothing is kept of what could not be made", () => {
  const fail = (): never => {
    throw new Error("no bundle");
  };
  expect(() => keptFolder(cache, "a", fail)).toThrow("no bundle");
  expect(readdirSync(cache)).toEqual([]);
});

test("the one that was not used for longest goes first", () => {
  for (const [age, name] of ["d", "c", "b", "a"].entries()) {
    keep(name);
    utimesSync(join(cache, name), 1_000 - age, 1_000 - age);
  }
  keep("a");
  keep("new");
  expect(readdirSync(cache).toSorted()).toEqual(["a", "c", "d", "new"]);
});
