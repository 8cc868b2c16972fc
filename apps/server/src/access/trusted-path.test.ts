import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { distrustOf, fileProblem } from "./trusted-path.ts";

const STRANGER = 12_345;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-path-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Makes folders, and the path of a file in the last of them. */
function inFolders(...modes: readonly number[]): string {
  let path = folder;
  for (const [index, mode] of modes.entries()) {
    path = join(path, `f${index}`);
    mkdirSync(path);
    chmodSync(path, mode);
  }
  return join(path, "keys.json");
}

describe("a path", () => {
  it.each([
    ["of its own user", [0o700], undefined],
    ["that everybody may read", [0o755, 0o755], undefined],
    ["in a folder that everybody may write", [0o777], /others may write the folder .*f0 \(mode 777\)/],
    ["below a folder that everybody may write", [0o777, 0o700], /others may write the folder .*f0 \(mode 777\)/],
    ["in a folder where everybody keeps their own", [0o1777, 0o700], undefined],
  ] as const)("%s", (_what, modes, problem) => {
    const path = inFolders(...modes);
    const found = distrustOf(path);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });

  it("is trusted as little as the links on it, wherever they lead", () => {
    const open = join(inFolders(0o777), "..");
    mkdirSync(join(folder, "safe"), { mode: 0o700 });
    const real = join(folder, "safe", "keys.json");
    writeFileSync(real, "");
    // A safe file by way of an unsafe folder, as a link to the file, to its folder, and to a link.
    symlinkSync(real, join(open, "link.json"));
    expect(distrustOf(join(open, "link.json"))).toMatch(/others may write the folder/);
    symlinkSync(join(folder, "safe"), join(open, "way"));
    expect(distrustOf(join(open, "way", "keys.json"))).toMatch(/others may write the folder/);
    symlinkSync(join(open, "link.json"), join(folder, "safe", "twice.json"));
    expect(distrustOf(join(folder, "safe", "twice.json"))).toMatch(/others may write the folder/);
    symlinkSync("keys.json", join(folder, "safe", "near.json"));
    expect(distrustOf(join(folder, "safe", "near.json"))).toBeUndefined();
    symlinkSync("loop.json", join(folder, "safe", "loop.json"));
    distrustOf(join(folder, "safe", "loop.json"));
  });

  it("of strangers is not trusted: folder, link or file", { tags: ["root"] }, () => {
    const path = inFolders(0o755);
    const owned = join(path, "..");
    chownSync(owned, STRANGER, STRANGER);
    expect(distrustOf(path)).toMatch(/f0 belongs to user 12345/);
    const link = join(folder, "link.json");
    symlinkSync(join(folder, "keys.json"), link);
    lchownSync(link, STRANGER, STRANGER);
    expect(distrustOf(link)).toMatch(/is a link of user 12345/);
    const file = join(folder, "keys.json");
    writeFileSync(file, "", { mode: 0o600 });
    expect(fileProblem(file, statSync(file))).toBeUndefined();
    chownSync(file, STRANGER, STRANGER);
    expect(fileProblem(file, statSync(file))).toMatch(/belongs to user 12345.*chown 0/);
  });

  it("that a group may write is trusted when the group is the user's own", { tags: ["root"] }, () => {
    const path = inFolders(0o775);
    chownSync(join(path, ".."), 0, STRANGER);
    chmodSync(join(path, ".."), 0o775);
    expect(distrustOf(path)).toMatch(/others may write the folder/);
    chownSync(join(path, ".."), 0, process.getgid?.() ?? 0);
    chmodSync(join(path, ".."), 0o775);
    expect(distrustOf(path)).toBeUndefined();
  });
});
