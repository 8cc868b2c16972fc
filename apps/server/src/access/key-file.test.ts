import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newApiKey } from "./api-key.ts";
import { KeyFile, type StoredKey } from "./key-file.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-keys-"));
  path = join(folder, "keys.json");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function key(name: string): StoredKey {
  const { id, hash } = newApiKey();
  return {
    id,
    name,
    hash,
    roles: ["agent"],
    created_at: "2026-01-01T00:00:00Z",
    expires_at: null,
    revoked_at: null,
    last_used_at: null,
  };
}

const add = (name: string) => (keys: readonly StoredKey[]) => [...keys, key(name)];

describe("the file of keys", () => {
  it("is written for its owner only, and holds no key", async () => {
    const file = new KeyFile(path);
    await file.update(add("a"), { create: true });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(file.read()).toMatchObject([{ name: "a" }]);
    expect(readFileSync(path, "utf8")).not.toContain("mcph_");
    expect(readdirSync(folder)).toEqual(["keys.json"]);
  });

  it("loses nothing when many write at the same time", async () => {
    await new KeyFile(path).update((keys) => keys, { create: true });
    await Promise.all(Array.from({ length: 20 }, (_, index) => new KeyFile(path).update(add(`key-${index}`))));
    expect(new KeyFile(path).read()).toHaveLength(20);
  });

  it("stays as it was when the change fails, and can be changed again", async () => {
    const file = new KeyFile(path);
    await file.update(add("a"), { create: true });
    const before = readFileSync(path, "utf8");
    const failing = file.update(() => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(readFileSync(path, "utf8")).toBe(before);
    await file.update(add("b"));
    expect(file.read()).toHaveLength(2);
  });

  it("is changed where a link leads", async () => {
    await new KeyFile(path).update(add("a"), { create: true });
    const link = join(folder, "link.json");
    symlinkSync(path, link);
    await new KeyFile(link).update(add("b"));
    expect(new KeyFile(path).read()).toHaveLength(2);
  });

  it("is not blocked by the lock of a process that died", async () => {
    await new KeyFile(path).update(add("a"), { create: true });
    writeFileSync(`${path}.lock`, "");
    utimesSync(`${path}.lock`, new Date(0), new Date(0));
    await new KeyFile(path).update(add("b"));
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it.each([
    ["that does not exist", undefined, /does not exist; mcp-hangar keys create/],
    ["that is no JSON", "{", /is not JSON; restore it/],
    ["that is empty", "", /is not JSON/],
    ["of something else", '{"version":2,"keys":[]}', /version: /],
    ["with a key of its own making", '{"version":1,"keys":[{"id":"x"}]}', /keys\.0/],
    ["with one field more", '{"version":1,"keys":[],"admin":true}', /no file of API keys/],
    ["that is huge", "x".repeat(9_000_000), /larger than/],
  ])("%s is an error that says what to do", (_what, text, message) => {
    if (text !== undefined) writeFileSync(path, text, { mode: 0o600 });
    expect(() => new KeyFile(path).read()).toThrow(message);
  });

  it("is not read when others may write it", async () => {
    await new KeyFile(path).update(add("a"), { create: true });
    chmodSync(path, 0o620);
    expect(() => new KeyFile(path).read()).toThrow(/others may write it \(mode 620\); run chmod 600/);
    chmodSync(path, 0o644);
    expect(new KeyFile(path).read()).toHaveLength(1);
  });

  it("is neither read nor made where others could put another one", async () => {
    const open = join(folder, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    const there = new KeyFile(join(open, "keys.json"));
    await expect(there.update(add("a"), { create: true })).rejects.toThrow(/others may write the folder/);
    writeFileSync(there.path, JSON.stringify({ version: 1, keys: [] }), { mode: 0o600 });
    expect(() => there.read()).toThrow(/others may write the folder/);
    chmodSync(open, 0o755);
    expect(there.read()).toEqual([]);
  });

  it("is a file, and no pipe that one would wait for", () => {
    execFileSync("mkfifo", ["-m", "600", path]);
    expect(() => new KeyFile(path).read()).toThrow(/it is no file/);
  });

  it("leaves nothing behind that could not be written", async () => {
    const long = join(folder, "k".repeat(250));
    await new KeyFile(path).update(add("a"), { create: true });
    renameSync(path, long);
    symlinkSync(long, path);
    await expect(new KeyFile(path).update(add("b"))).rejects.toThrow(/ENAMETOOLONG/);
    expect(readdirSync(folder).toSorted()).toEqual(["k".repeat(250), "keys.json"].toSorted());
  });

  it("is not made out of nothing by a change", async () => {
    await expect(new KeyFile(path).update(add("a"))).rejects.toThrow(/does not exist/);
  });
});
