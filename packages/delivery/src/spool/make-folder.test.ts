import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "./make-folder.ts";

const root = mkdtempSync(join(tmpdir(), "hangar-folders-"));
afterAll(() => rmSync(root, { recursive: true }));

test("a folder is made with those above it, by several at once, and again", async () => {
  const folder = join(root, "a/b/c");
  await Promise.all([1, 2, 3].map(() => makeFolder(folder, 0o700)));
  await makeFolder(folder, 0o700);
  for (const path of [folder, join(root, "a/b"), join(root, "a")]) expect(statSync(path).mode & 0o777).toBe(0o700);
});

test("what is in the way is said", async () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  await expect(makeFolder(file, 0o700)).rejects.toThrow(`${file} is no folder; name another`);
  await expect(makeFolder(join(file, "folder"), 0o700)).rejects.toThrow(/ENOTDIR/);
});

test.runIf(existsSync("/proc/self"))("below /proc it is refused, and does not go on for ever", async () => {
  const refused = "no folder can be made in /proc; name one on a local disk";
  await expect(makeFolder("/proc/hangar/audit", 0o700)).rejects.toThrow(refused);
});
