import { rm, writeFile } from "node:fs/promises";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rest } from "../../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../../src/harness/secured-gateway.ts";

/** A machine may be busy; green costs nothing. */
const DEADLINE_MS = 60_000;
let secured: SecuredGateway;

beforeAll(async () => {
  secured = await startSecuredGateway({
    mcp_servers: {},
    auth: {
      lockout: { max_failures: 3, first_lock_s: 900 },
      roles: { clerk: { permissions: ["keys:read", "keys:write"] } },
    },
  });
});

afterAll(() => secured?.[Symbol.asyncDispose]());

const ask = (method: string, path: string, key: string, body?: object) =>
  rest(secured.gateway, method, path, { headers: bearer(key), ...(body === undefined ? {} : { body }) });
const idOf = (key: string): string => /^mcph_([0-9a-z]{12})_/.exec(key)?.[1] ?? "";
const revoke = (key: string, by: string, query = "") => ask("DELETE", `/api/keys/${idOf(key)}${query}`, by);
const works = async (key: string): Promise<boolean> => (await ask("GET", "/api/keys", key)).status === 200;

describe("who may only manage keys", () => {
  test("neither revokes nor replaces a key that may do more, but its own and its equals", async () => {
    const clerk = await secured.keyFor("clerk", "clerk");
    const second = await secured.keyFor("second-clerk", "clerk");
    const operator = await secured.keyFor("olga", "operator");
    for (const key of [secured.admin, operator]) {
      const refused = await revoke(key, clerk, "?force=true");
      expect(refused.status, refused.text).toBe(403);
      expect(refused.text).toMatch(/cannot revoke a key with the role/);
    }
    expect((await revoke(operator, secured.admin)).status).toBe(200);
    // Under that name the clerk's friend would stand in the records as olga.
    const replaced = await ask("POST", "/api/keys", clerk, { name: "olga", roles: ["clerk"] });
    expect(replaced.status, replaced.text).toBe(403);
    expect((await revoke(second, clerk)).json()).toMatchObject({ key: { status: "revoked" }, written: true });
    expect((await revoke(clerk, clerk)).status).toBe(200);
    expect(await works(clerk)).toBe(false);
  });
});

test("the last key with all rights is not revoked by accident, over the network or at the command line", async () => {
  await secured.keyFor("a-clerk", "clerk");
  const refused = await revoke(secured.admin, secured.admin);
  expect(refused.status).toBe(409);
  expect(refused.json()).toMatchObject({
    error: { code: "last_admin_key", message: expect.stringContaining("force=true") },
  });
  await expect(secured.keys("revoke", idOf(secured.admin))).rejects.toThrow(/last key with all rights.*--force/s);
  expect(await works(secured.admin)).toBe(true);
  const another = await secured.keyFor("another", "admin");
  expect((await revoke(another, secured.admin)).status).toBe(200);
});

test("a key is refused the moment it is revoked, though the file of keys is held by another process", async () => {
  const victim = await secured.keyFor("victim", "admin");
  const lock = `${secured.keyFile}.lock`;
  await writeFile(lock, "");
  const revoked = revoke(victim, secured.admin);
  await poll("the key to be refused before the answer", async () => !(await works(victim)), DEADLINE_MS);
  expect((await revoked).json()).toMatchObject({ key: { status: "revoked" }, written: false });
  const ready = async (): Promise<string> => (await rest(secured.gateway, "GET", "/health/ready")).text;
  expect(await ready()).toMatch(/1 revoked keys are not in the file/);
  await rm(lock);
  await poll("the revocation to be written", async () => !(await ready()).includes("revoked keys"), DEADLINE_MS);
  expect(await secured.keys("list", "--json")).toMatch(new RegExp(`"id": "${idOf(victim)}"[^}]*"status": "revoked"`));
});

test("a good key that was never seen is admitted from an address that guessed a thousand times", async () => {
  const fresh = await secured.keyFor("fresh", "agent", "clerk");
  const guess = (): Promise<number> =>
    rest(secured.gateway, "GET", "/api/keys", { headers: bearer(`mcph_${"0".repeat(12)}_${"x".repeat(49)}`) }).then(
      ({ status }) => status,
    );
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 50 }, guess));
  expect(await guess()).toBe(429);
  expect(await works(fresh)).toBe(true);
  expect(await works(secured.admin)).toBe(true);
});
