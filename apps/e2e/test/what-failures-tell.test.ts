import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RestAnswer, rest } from "../src/harness/rest.ts";
import { type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { modernRequest, post } from "../src/harness/wire-client.ts";

/** What a server writes to its stderr before it ends: nothing that a rule about secrets would find. */
const LAST_WORDS = "connecting to the ledger of Ann at 10.20.30.40 failed";

/** Servers that cannot be started, and words that only those who run them may read. */
const BROKEN: Readonly<Record<string, readonly [options: Record<string, unknown>, private_: string]>> = {
  ends: [{ mode: "subprocess", command: "sh", args: ["-c", `echo "${LAST_WORDS}" >&2; exit 3`] }, LAST_WORDS],
  hangs: [
    { mode: "subprocess", command: "sh", args: ["-c", `echo "${LAST_WORDS}" >&2; sleep 60`], start_timeout_s: 1 },
    LAST_WORDS,
  ],
  missing: [{ mode: "subprocess", command: "ledger-server" }, "ledger-server"],
  nowhere: [{ mode: "subprocess", command: "sh", cwd: "/srv/ledger-of-ann" }, "/srv/ledger-of-ann"],
  refuses: [{ mode: "remote", endpoint: "http://127.0.0.1:9/ledger-of-ann" }, "127.0.0.1:9"],
  unknown: [{ mode: "remote", endpoint: "http://ledger-of-ann.invalid/mcp" }, "ledger-of-ann.invalid"],
  untrusted: [
    { mode: "remote", endpoint: "https://127.0.0.1/", tls: { ca_file: "/srv/ann-ca.pem" } },
    "/srv/ann-ca.pem",
  ],
};

let secured: SecuredGateway;
let agent: string;
let viewer: string;

beforeAll(async () => {
  const servers = Object.fromEntries(Object.entries(BROKEN).map(([id, [options]]) => [id, options]));
  const pool = { mode: "group", members: [{ id: "ends" }] };
  secured = await startSecuredGateway({
    mcp_servers: { ...servers, pool },
    auth: { roles: { "only-missing": { permissions: ["servers:read"], tools: { allow: ["missing"] } } } },
  });
  agent = await secured.keyFor("ann", "agent");
  viewer = await secured.keyFor("ben", "agent", "viewer");
});

afterAll(() => secured?.[Symbol.asyncDispose]());

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

/** Everything a caller can do that meets the failure of a server; each gives the whole answer as text. */
const WAYS: Readonly<Record<string, (server: string, key: string) => Promise<string>>> = {
  "a call": (server, key) => mcp("/mcp", "tools/call", { name: `${server}__x`, arguments: {} }, key),
  "a call at the server's own endpoint": (server, key) =>
    mcp(`/servers/${server}/mcp`, "tools/call", { name: "x" }, key),
  "a list": (server, key) => mcp(`/servers/${server}/mcp`, "tools/list", {}, key),
  "a list of prompts": (server, key) => mcp(`/servers/${server}/mcp`, "prompts/list", {}, key),
  "a prompt": (server, key) => mcp("/mcp", "prompts/get", { name: `${server}__x` }, key),
  "a resource": (server, key) => mcp("/mcp", "resources/read", { uri: `hangar://${server}/x:y` }, key),
  "a look at the server": (server, key) => mcp(`/servers/${server}/mcp`, "server/discover", {}, key),
  "a legacy session": async (server, key) => {
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const body = { jsonrpc: "2.0", id: 1, method: "initialize", params };
    const url = secured.gateway.mcpUrl(server);
    return JSON.stringify((await post(url, body, { headers: bearer(key) })).message);
  },
  "a batch": (server, key) =>
    mcp(
      "/mcp",
      "tools/call",
      { name: "hangar_call", arguments: { calls: [{ server, tool: "x", arguments: {} }] } },
      key,
    ),
  "a call over REST": async (server, key) =>
    (await api("POST", `/api/mcp_servers/${server}/tools/x/call`, key, { arguments: {} })).text,
};

async function mcp(path: string, method: string, params: Record<string, unknown>, key: string): Promise<string> {
  const { message } = await modernRequest(`${secured.gateway.url}${path}`, method, params, { headers: bearer(key) });
  return JSON.stringify(message);
}

function api(method: "GET" | "POST", path: string, key: string, body?: object): Promise<RestAnswer> {
  return rest(secured.gateway, method, path, { headers: bearer(key), ...(body !== undefined && { body }) });
}

describe.each(Object.entries(BROKEN))("why %s fails", (server, [, words]) => {
  test.each(Object.entries(WAYS))(
    "is told who runs it, and only that it fails who may call it, by %s",
    async (_name, ask) => {
      const told = await ask(server, agent);
      expect(told).toContain("is not available: it could not be started (");
      for (const [, word] of Object.values(BROKEN)) expect(told).not.toContain(word);
      expect(told).not.toContain("stderr");
      expect(await ask(server, viewer)).toContain(words);
    },
  );

  test("is in the server's state and in the log", async () => {
    await WAYS["a call"]?.(server, agent);
    expect((await api("GET", `/api/mcp_servers/${server}`, viewer)).text).toContain(words);
    const log = JSON.stringify(secured.gateway.events("mcp_server_start_failed"));
    expect(log).toContain(words);
  });
});

test("a group tells no more of its members", async () => {
  const call = (key: string): Promise<string> => mcp("/mcp", "tools/call", { name: "pool__x", arguments: {} }, key);
  expect(await call(agent)).not.toContain(LAST_WORDS);
});

test("who runs another server is no more than a caller of this one", async () => {
  const key = await secured.keyFor("cid", "agent", "only-missing");
  const call = (server: string): Promise<string> =>
    mcp("/mcp", "tools/call", { name: `${server}__x`, arguments: {} }, key);
  expect(await call("ends")).not.toContain(LAST_WORDS);
  expect(await call("missing")).toContain("ledger-server");
});
