import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";

const MODULE = new URL("../src/compile-cache.ts", import.meta.url).href;
const PROGRAM = `
import { useCompileCache } from ${JSON.stringify(MODULE)};
useCompileCache();
await import("node:module").then(({ getCompileCacheDir }) => process.stdout.write(getCompileCacheDir() ?? "none"));
`;

/** The folder in which Node.js keeps what it compiles, when the home is this; "none" without one. */
function cacheOf(home: string, env: Readonly<Record<string, string>> = {}): string {
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", PROGRAM];
  return execFileSync(process.execPath, args, { encoding: "utf8", env: { HOME: home, ...env } });
}

function emptyHome(): string {
  const home = mkdtempSync(join(tmpdir(), "hangar-home-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

function ownFolder(home: string): string {
  return join(home, process.platform === "darwin" ? "Library/Caches" : ".cache", "mcp-hangar", "compiled");
}

it("what was compiled is kept in the user's cache folder, where nobody else can write", () => {
  const home = emptyHome();
  expect(cacheOf(home)).toContain(ownFolder(home));
  expect(statSync(ownFolder(home)).mode & 0o777).toBe(0o700);
  expect(readdirSync(ownFolder(home))).toHaveLength(1);
});

it.runIf(process.platform === "linux")("XDG_CACHE_HOME is the cache folder when it is absolute", () => {
  const home = emptyHome();
  expect(cacheOf(home, { XDG_CACHE_HOME: join(home, "own") })).toContain(join(home, "own", "mcp-hangar", "compiled"));
  expect(cacheOf(home, { XDG_CACHE_HOME: "own" })).toContain(ownFolder(home));
});

it.each<[string, (home: string) => void]>([
  [
    "others can write to",
    (home) => {
      mkdirSync(ownFolder(home), { recursive: true });
      chmodSync(ownFolder(home), 0o777);
    },
  ],
  [
    "is a link to one elsewhere",
    (home) => {
      mkdirSync(join(ownFolder(home), ".."), { recursive: true });
      mkdirSync(join(home, "elsewhere"));
      symlinkSync(join(home, "elsewhere"), ownFolder(home));
    },
  ],
  ["cannot be made", (home) => writeFileSync(join(home, ".cache"), "")],
])("a folder that %s is left alone", (_, prepare) => {
  const home = emptyHome();
  prepare(home);
  expect(cacheOf(home)).toBe("none");
});

it("who has said where or whether is heeded", () => {
  const home = emptyHome();
  expect(cacheOf(home, { NODE_COMPILE_CACHE: join(home, "there") })).toContain(join(home, "there"));
  expect(cacheOf(home, { NODE_DISABLE_COMPILE_CACHE: "1" })).toBe("none");
  expect(existsSync(join(home, "there"))).toBe(true);
});
