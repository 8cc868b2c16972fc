import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@mcp-hangar/core/testing";
import type { Caller } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newApiKey } from "./api-key.ts";
import { ApiKeys, type ApiKeysOptions } from "./api-keys.ts";
import { ExpiryTime } from "./expiry-time.ts";
import { KeyFile } from "./key-file.ts";

const HOUR_MS = 3_600_000;
let folder: string;
let file: KeyFile;
let clock: FakeClock;
let changes: number;
let problems: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "hangar-keys-"));
  file = new KeyFile(join(folder, "keys.json"));
  await file.update((keys) => keys, { create: true });
  clock = new FakeClock();
  changes = 0;
  problems = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function keysWith(options: Partial<ApiKeysOptions> = {}): ApiKeys {
  return new ApiKeys({
    clock,
    expiry: clock,
    file,
    fixed: [],
    onChange: () => {
      changes++;
    },
    onProblem: ({ message }) => problems.push(message),
    ...options,
  });
}

async function create(
  keys: ApiKeys,
  name: string,
  expiresMs?: number,
): Promise<{ readonly token: string; readonly id: string }> {
  const created = await keys.create({ name, roles: ["agent"], expiresMs });
  if (created === "taken") throw new Error(`${name} is taken`);
  return { token: created.token, id: created.view.id };
}

function callerOf(keys: ApiKeys, token: string): Caller {
  const verdict = keys.verify(token);
  if (verdict.kind === "failed") throw new Error(verdict.reason);
  return verdict.key.caller;
}

describe("a key", () => {
  it("names its caller and the roles of the caller", async () => {
    const keys = keysWith();
    const { token, id } = await create(keys, "ci");
    expect(keys.verify(token)).toMatchObject({
      kind: "key",
      key: { id, caller: { type: "api_key", id: "ci", roles: ["agent"] } },
    });
  });

  it("ends when it expires", async () => {
    const keys = keysWith();
    const { token } = await create(keys, "ci", clock.wallMs() + HOUR_MS);
    clock.advance(HOUR_MS - 1);
    expect(keys.verify(token).kind).toBe("key");
    clock.advance(1);
    expect(keys.verify(token)).toMatchObject({ kind: "failed", reason: "expired_api_key" });
    expect(keys.list()).toMatchObject([{ status: "expired" }]);
  });

  it("ends at once when it is revoked, and whoever remembers it is told", async () => {
    const keys = keysWith();
    const { token, id } = await create(keys, "ci");
    const verdict = keys.verify(token);
    const before = changes;
    expect(await keys.revoke(id)).toMatchObject({ view: { status: "revoked" }, unwritten: undefined });
    expect(changes).toBeGreaterThan(before);
    expect(keys.verify(token)).toMatchObject({ kind: "failed", reason: "revoked_api_key" });
    expect(verdict.kind === "key" && keys.current(verdict.key.caller)).toBeUndefined();
    expect(await keys.revoke("nothing")).toBeUndefined();
  });

  it("that is not there, is wrong or has a typing error fails, each for its own reason", async () => {
    const keys = keysWith();
    const { token } = await create(keys, "ci");
    expect(keys.verify(newApiKey().token)).toMatchObject({ kind: "failed", reason: "unknown_api_key" });
    // The id of one key and the secret of another, with a checksum that fits by chance or craft, is still another key.
    expect(keys.verify(`${token.slice(0, -1)}x`)).toMatchObject({ kind: "failed", reason: "malformed_api_key" });
    expect(keys.verify("hello")).toMatchObject({ kind: "failed", reason: "malformed_api_key", id: undefined });
  });

  it("needs a name that no active key has", async () => {
    const fixed = [{ name: "fixed", hash: newApiKey().hash, roles: ["agent"] }];
    const keys = keysWith({ fixed });
    const { id } = await create(keys, "ci");
    expect(await keys.create({ name: "ci", roles: ["agent"], expiresMs: undefined })).toBe("taken");
    expect(await keys.create({ name: "fixed", roles: ["agent"], expiresMs: undefined })).toBe("taken");
    await keys.revoke(id);
    expect(await keys.create({ name: "ci", roles: ["agent"], expiresMs: undefined })).toMatchObject({
      view: { status: "active" },
    });
  });

  it("is told from every other key by its credential, whatever their names are", async () => {
    const { token: first, hash } = newApiKey();
    const { token: second, hash: otherHash } = newApiKey();
    const keys = keysWith({ fixed: [{ name: "ci", hash, roles: ["agent"] }] });
    const fixedBefore = callerOf(keys, first).credential;
    keys.configure([{ name: "renamed", hash, roles: ["viewer"] }]);
    // The same key under another name and with other roles is the same caller still.
    expect(callerOf(keys, first)).toMatchObject({ id: "renamed", roles: ["viewer"], credential: fixedBefore });
    keys.configure([{ name: "ci", hash: otherHash, roles: ["agent"] }]);
    const credentials = [fixedBefore, callerOf(keys, second).credential];
    keys.configure([]);
    for (let round = 0; round < 3; round++) {
      const { token, id } = await create(keys, "ci");
      credentials.push(callerOf(keys, token).credential);
      await keys.revoke(id);
    }
    expect(new Set(credentials).size).toBe(5);
  });

  it("that was revoked ends what it began, though a new key has its name", async () => {
    const keys = keysWith();
    const { token, id } = await create(keys, "ci");
    const stolen = callerOf(keys, token);
    expect(keys.current(stolen)).toBe(stolen);
    await keys.revoke(id);
    const next = callerOf(keys, (await create(keys, "ci")).token);
    expect(keys.current(stolen)).toBeUndefined();
    expect(keys.current(next)).toBe(next);
  });

  it("that has other roles has them for what it began, too", () => {
    const { token, hash } = newApiKey();
    const keys = keysWith({ file: undefined, fixed: [{ name: "fixed", hash, roles: ["admin"] }] });
    const before = callerOf(keys, token);
    keys.configure([{ name: "fixed", hash, roles: ["viewer"] }]);
    expect(keys.current(before)).toMatchObject({ roles: ["viewer"] });
  });

  it("of the configuration works without a file, and cannot be revoked here", async () => {
    const { token, hash } = newApiKey();
    const keys = keysWith({ file: undefined, fixed: [{ name: "fixed", hash, roles: ["viewer"] }] });
    expect(keys.verify(token)).toMatchObject({ kind: "key", key: { caller: { id: "fixed", roles: ["viewer"] } } });
    expect(keys.isManaged).toBe(false);
    expect(await keys.revoke(keys.list()[0]?.id ?? "")).toBeUndefined();
    keys.configure([]);
    expect(keys.verify(token).kind).toBe("failed");
  });
});

describe("what another process does to the file", () => {
  it("is in force within a second", async () => {
    const keys = keysWith();
    keys.start();
    const other = keysWith();
    const { token, id } = await create(other, "ci");
    // A key that is not known is looked for at once, but not each time that somebody tries one.
    expect(keys.verify(token).kind).toBe("key");
    const { token: next } = await create(other, "next");
    expect(keys.verify(next).kind).toBe("failed");
    clock.advance(100);
    expect(keys.verify(next).kind).toBe("key");
    await other.revoke(id);
    clock.advance(1_000);
    expect(keys.verify(token)).toMatchObject({ reason: "revoked_api_key" });
    await keys.close();
  });

  it("does not let everybody in, or out, when it breaks the file: the keys last read stay, loudly", async () => {
    const keys = keysWith();
    keys.start();
    const { token } = await create(keys, "ci");
    const good = readFileSync(file.path, "utf8");
    writeFileSync(file.path, "broken");
    clock.advance(3_000);
    expect(problems).toHaveLength(1);
    expect(keys.problem?.message).toMatch(/is not JSON/);
    expect(keys.verify(token).kind).toBe("key");
    rmSync(file.path);
    clock.advance(1_000);
    expect(problems).toHaveLength(2);
    writeFileSync(file.path, good, { mode: 0o600 });
    clock.advance(1_000);
    expect(keys.problem).toBeUndefined();
    await keys.close();
  });
});

it("a file that cannot be read is an error at the start", () => {
  writeFileSync(file.path, "broken");
  expect(() => keysWith()).toThrow(/is not JSON/);
});

/** Moves the keys behind a link, to a name beside which no other file can be made: as good as a full disk, for root as well. */
function makeUnwritable(): void {
  const long = join(folder, `${"k".repeat(250)}.json`.slice(-250));
  renameSync(file.path, long);
  symlinkSync(long, file.path);
}

/** Lets the file be written again. */
function makeWritable(): void {
  const text = readFileSync(file.path, "utf8");
  rmSync(file.path);
  writeFileSync(file.path, text, { mode: 0o600 });
}

it("a file that cannot be written is said once, and keys go on working", async () => {
  const keys = keysWith();
  const { token } = await create(keys, "ci");
  keys.start();
  makeUnwritable();
  const verdict = keys.verify(token);
  if (verdict.kind !== "key") throw new Error("the key is not taken");
  verdict.key.lastUsedMs = clock.wallMs();
  await keys.close();
  await keys.close();
  expect(problems).toMatchObject([expect.stringMatching(/ENAMETOOLONG/)]);
  expect(keys.problem).toBeUndefined();
  expect(keys.verify(token).kind).toBe("key");
});

describe("a key that is revoked", () => {
  it("is refused from that turn on, though the file cannot be written, and until it is, and after", async () => {
    const keys = keysWith();
    keys.start();
    const { token, id } = await create(keys, "ci");
    const caller = callerOf(keys, token);
    makeUnwritable();
    const revoked = keys.revoke(id);
    const isRefused = (): boolean => keys.verify(token).kind === "failed" && keys.current(caller) === undefined;
    expect(isRefused()).toBe(true);
    const again = keys.revoke(id);
    for (const revocation of [await revoked, await again]) {
      expect(revocation).toMatchObject({
        view: { status: "revoked" },
        unwritten: { message: expect.stringMatching(/ENAMETOOLONG/) },
      });
    }
    expect(keys.unwritten).toBe(1);
    // Whatever another process makes of the file meanwhile, the key does not come back.
    for (let round = 1; round <= 3; round++) {
      const text = readFileSync(file.path, "utf8");
      writeFileSync(file.path, `${text}${" ".repeat(round)}`);
      await clock.advanceAsync(1_000);
      expect(isRefused()).toBe(true);
    }
    expect(problems).toHaveLength(1);
    makeWritable();
    await expect
      .poll(
        async () => {
          await clock.advanceAsync(1_000);
          return keys.unwritten;
        },
        { timeout: 60_000 },
      )
      .toBe(0);
    expect(isRefused()).toBe(true);
    expect(keysWith().verify(token)).toMatchObject({ reason: "revoked_api_key" });
    await keys.close();
  });

  it("is refused while another process holds the lock of the file, and written when that is done", async () => {
    const keys = keysWith();
    const { token, id } = await create(keys, "ci");
    const lock = `${file.path}.lock`;
    writeFileSync(lock, "");
    const revoked = keys.revoke(id);
    expect(keys.verify(token)).toMatchObject({ reason: "revoked_api_key" });
    rmSync(lock);
    expect(await revoked).toMatchObject({ unwritten: undefined });
    expect(keysWith().verify(token)).toMatchObject({ reason: "revoked_api_key" });
  });

  it("is forgotten as unwritten when the file no longer has it", async () => {
    const keys = keysWith();
    keys.start();
    const { token, id } = await create(keys, "ci");
    makeUnwritable();
    await keys.revoke(id);
    writeFileSync(file.path, JSON.stringify({ version: 1, keys: [] }));
    await clock.advanceAsync(1_000);
    expect(keys.unwritten).toBe(0);
    expect(keys.verify(token)).toMatchObject({ reason: "unknown_api_key" });
    await keys.close();
  });
});

describe("a key that was seen to be over", () => {
  it("stays over when the clock is set back, and is judged by the later time until a restart", async () => {
    const expiry = new ExpiryTime(clock);
    const keys = keysWith({ expiry });
    const { token } = await create(keys, "ci", clock.wallMs() + HOUR_MS);
    const caller = callerOf(keys, token);
    clock.jumpWall(2 * HOUR_MS);
    expect(keys.verify(token)).toMatchObject({ reason: "expired_api_key" });
    clock.jumpWall(-2 * HOUR_MS);
    expect(expiry.behindMs()).toBe(2 * HOUR_MS);
    expect(keys.verify(token)).toMatchObject({ reason: "expired_api_key" });
    expect(keys.current(caller)).toBeUndefined();
    expect(keys.list()).toMatchObject([{ status: "expired" }]);
    clock.advance(2 * HOUR_MS);
    expect(expiry.behindMs()).toBe(0);
    clock.advance(HOUR_MS);
    expect(expiry.wallMs()).toBe(clock.wallMs());
  });
});

it("the time of last use is told at once, and written at the end", async () => {
  const keys = keysWith();
  keys.start();
  const { token } = await create(keys, "ci");
  const verdict = keys.verify(token);
  if (verdict.kind !== "key") throw new Error("the key is not taken");
  clock.advance(5_000);
  verdict.key.lastUsedMs = clock.wallMs();
  const used = new Date(clock.wallMs()).toISOString();
  expect(keys.list()).toMatchObject([{ last_used_at: used }]);
  await keys.close();
  expect(file.read()).toMatchObject([{ last_used_at: used }]);
  expect(keysWith().list()).toMatchObject([{ last_used_at: used }]);
  expect(clock.pendingTimers).toBe(0);
});

it("a time of last use that is written makes nobody forget who is known", async () => {
  const keys = keysWith();
  const { token } = await create(keys, "ci");
  const caller = callerOf(keys, token);
  const verdict = keys.verify(token);
  if (verdict.kind === "key") verdict.key.lastUsedMs = clock.wallMs();
  const before = changes;
  await keys.close();
  expect(file.read()).toMatchObject([{ last_used_at: new Date(clock.wallMs()).toISOString() }]);
  expect(changes).toBe(before);
  expect(callerOf(keys, token)).toBe(caller);
});
