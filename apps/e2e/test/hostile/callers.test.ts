import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rest } from "../../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../../src/harness/secured-gateway.ts";
import { nodeServer } from "../../src/harness/upstreams.ts";
import { type LegacySession, modernRequest, openLegacySession, textOf } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

/** A machine may be busy; green costs nothing. */
const DEADLINE_MS = 60_000;

/** The endpoints by which a caller reaches the same server: the path, and how names and URIs are spelled there. */
interface Way {
  readonly server: string | undefined;
  readonly tool: string;
  readonly uri: string;
}
const AGGREGATE: Way = { server: undefined, tool: "shared__", uri: "hangar://shared/" };
const OWN: Way = { server: "shared", tool: "", uri: "" };
const WAYS = [
  { what: "both at /mcp", ann: AGGREGATE, bob: AGGREGATE },
  { what: "both at the server's own endpoint", ann: OWN, bob: OWN },
  { what: "at /mcp and at the server's own endpoint", ann: AGGREGATE, bob: OWN },
  { what: "at the server's own endpoint and at /mcp", ann: OWN, bob: AGGREGATE },
];

let secured: SecuredGateway;
let keys: { readonly ann: string; readonly bob: string };

beforeAll(async () => {
  secured = await startSecuredGateway({
    mcp_servers: { shared: nodeServer(fixtureFile("shared-notes.ts")) },
    auth: { roles: { user: { permissions: ["tools:call"], tools: { allow: ["shared"] } } } },
  });
  keys = { ann: await secured.keyFor("ann", "user"), bob: await secured.keyFor("bob", "user") };
});

afterAll(() => secured?.[Symbol.asyncDispose]());

const sessionOf = (key: string, way: Way): Promise<LegacySession> =>
  openLegacySession(secured.gateway.mcpUrl(way.server), {}, bearer(key));
const call = async (session: LegacySession, way: Way, tool: string, args: object = {}): Promise<string> => {
  const { message, before } = await session.request("tools/call", { name: `${way.tool}${tool}`, arguments: args });
  return `${textOf(message)} ${JSON.stringify(before)}`;
};
const memory = async (session: LegacySession, way: Way): Promise<string> => call(session, way, "memory");

let secrets = 0;

describe.each(WAYS)("two callers who share a server, $what,", ({ ann, bob }) => {
  test("hear no log message of each other's calls, however many are in flight", async () => {
    const [anns, bobs] = [await sessionOf(keys.ann, ann), await sessionOf(keys.bob, bob)];
    for (const session of [anns, bobs]) await session.request("logging/setLevel", { level: "debug" });
    await using stream = await bobs.listen();
    await bobs.request("resources/subscribe", { uri: `${bob.uri}mem://b` });
    const secret = `ann-${++secrets}`;
    // Alone, beside another call of hers, and beside one of his.
    await call(anns, ann, "log", { data: `${secret}-alone` });
    const hers = call(anns, ann, "hang", { ms: 300 });
    await call(anns, ann, "log", { data: `${secret}-two` });
    await hers;
    const his = call(bobs, bob, "hang", { ms: 300 });
    await call(anns, ann, "log", { data: `${secret}-his` });
    expect(await his).not.toContain(secret);
    const late = await call(bobs, bob, "hang");
    // What the server writes comes in order, so that all of it has come when this has.
    await call(anns, ann, "update", { uri: "mem://b" });
    await poll("the update at bob's stream", () => stream.heard().includes("resources/updated"), DEADLINE_MS);
    expect(`${stream.heard()} ${late}`).not.toContain(secret);
    // She hears those that can be hers alone.
    await poll(
      "her own log message",
      async () => (await call(anns, ann, "log", { data: `${secret}-again` })).includes(`${secret}-again`),
      DEADLINE_MS,
    );
    for (const session of [anns, bobs]) await session.end();
  });

  test("end no subscription of each other, however they spell it", async () => {
    const [anns, bobs] = [await sessionOf(keys.ann, ann), await sessionOf(keys.bob, bob)];
    await using stream = await anns.listen();
    await anns.request("resources/subscribe", { uri: `${ann.uri}mem://a` });
    const spellings = [
      "mem://a",
      "hangar://shared/mem://a",
      "MEM://a",
      "mem://%61",
      "hangar://shared/mem://A",
      "mem://a/",
    ];
    for (const uri of spellings) await bobs.request("resources/unsubscribe", { uri });
    for (const uri of spellings) await bobs.request("resources/subscribe", { uri });
    for (const uri of spellings) await bobs.request("resources/unsubscribe", { uri });
    await bobs.end();
    expect(await memory(anns, ann)).toContain('"mem://a"');
    await call(anns, ann, "update", { uri: "mem://a" });
    await poll("her update", () => stream.heard().includes(`"uri":"${ann.uri}mem://a"`), DEADLINE_MS);
    await anns.request("resources/unsubscribe", { uri: `${ann.uri}mem://a` });
    await poll("the end at the server", async () => !(await memory(anns, ann)).includes("mem://"), DEADLINE_MS);
    await anns.end();
  });

  test("choose their levels of log messages each for themselves", async () => {
    const [anns, bobs] = [await sessionOf(keys.ann, ann), await sessionOf(keys.bob, bob)];
    const mute = await sessionOf(keys.bob, bob);
    await anns.request("logging/setLevel", { level: "warning" });
    await bobs.request("logging/setLevel", { level: "debug" });
    expect(await memory(bobs, bob)).toContain('"level":"debug"');
    const hears = async (session: LegacySession, way: Way, level: string): Promise<boolean> =>
      (await call(session, way, "log", { data: "hello", level })).includes("hello");
    // Each may have to wait until what the other did is past.
    await poll("her warning", () => hears(anns, ann, "warning"), DEADLINE_MS);
    expect(await hears(anns, ann, "info")).toBe(false);
    await poll("his debug message", () => hears(bobs, bob, "debug"), DEADLINE_MS);
    // A client that asked for nothing gets no more than it would without the others.
    expect(await hears(mute, bob, "debug")).toBe(false);
    expect(await hears(mute, bob, "info")).toBe(true);
    await bobs.end();
    await poll("the level without him", async () => (await memory(anns, ann)).includes('"level":"info"'), DEADLINE_MS);
    for (const session of [anns, mute]) await session.end();
  });

  test("have no session of each other", async () => {
    const anns = await sessionOf(keys.ann, ann);
    const stolen = { "mcp-session-id": anns.id, "mcp-protocol-version": "2025-11-25", ...bearer(keys.bob) };
    const path = ann.server === undefined ? "/mcp" : `/servers/${ann.server}/mcp`;
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    const headers = { ...stolen, accept: "application/json, text/event-stream" };
    expect((await rest(secured.gateway, "POST", path, { body: ping, headers })).status).toBe(404);
    expect((await rest(secured.gateway, "GET", path, { headers })).status).toBe(404);
    expect((await rest(secured.gateway, "DELETE", path, { headers })).status).toBe(404);
    expect((await anns.request("ping")).status).toBe(200);
    await anns.end();
  });
});

test("who gets a key with the name of a revoked one inherits neither its sessions nor its stored results", async () => {
  const { gateway, admin } = secured;
  const first = await secured.keyFor("cy", "user");
  const session = await sessionOf(first, AGGREGATE);
  const calls = [{ server: "shared", tool: "big", arguments: { chars: 200_000 } }];
  const batch = await modernRequest(
    gateway.mcpUrl(),
    "tools/call",
    { name: "hangar_call", arguments: { calls } },
    {
      headers: bearer(first),
    },
  );
  const id = /"continuation_id\\*":\\*"([0-9a-f-]{36})/.exec(JSON.stringify(batch.message))?.[1];
  const stored = async (key: string): Promise<number> =>
    (await rest(gateway, "GET", `/api/continuations/${id}`, { headers: bearer(key) })).status;
  expect(await stored(first)).toBe(200);
  const { keys: listed } = (await rest(gateway, "GET", "/api/keys", { headers: bearer(admin) })).json();
  const { id: keyId } = (listed as { name: string; id: string }[]).find(({ name }) => name === "cy") ?? { id: "" };
  await rest(gateway, "DELETE", `/api/keys/${keyId}`, { headers: bearer(admin) });
  const second = await secured.keyFor("cy", "user");
  expect(await stored(second)).toBe(404);
  const headers = { ...bearer(second), "mcp-session-id": session.id, "mcp-protocol-version": "2025-11-25" };
  const body = { jsonrpc: "2.0", id: 1, method: "ping" };
  expect((await rest(gateway, "POST", "/mcp", { body, headers })).status).toBe(404);
  expect((await session.request("ping")).status).toBe(401);
});
