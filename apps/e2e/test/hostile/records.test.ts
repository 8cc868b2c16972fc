import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EventFollower, followFromStart } from "../../src/harness/event-follower.ts";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { rest } from "../../src/harness/rest.ts";
import { type TemporaryFolder, temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { awaitFacts, expectRecords, expectToldOnce } from "../../src/harness/told-facts.ts";
import { type HttpUpstream, startFixture } from "../../src/harness/upstreams.ts";
import { modernRequest, post } from "../../src/harness/wire-client.ts";
import { type Witness, witness } from "../../src/harness/witness.ts";

/** A secret that the gateway knows from its configuration, and that looks like none. */
const SECRET = "the-quick-brown-fox-jumps-over-the-lazy-dog-and-away";
/** So much of it in one piece is a leak. */
const PIECE = 12;
/** Where texts are cut somewhere: the secret stands across each of these places in turn. */
const CUTS = [100, 200, 500, 1_000, 1_024, 2_000, 3_024, 8_192];

let folder: TemporaryFolder;
let fixture: HttpUpstream;
let inside: Witness;
let gateway: HttpGateway;
let follower: EventFollower;

beforeAll(async () => {
  folder = await temporaryFolder();
  fixture = await startFixture("conformance/main.ts");
  inside = await witness();
  gateway = await startGateway(
    {
      mcp_servers: { fixture: { mode: "remote", endpoint: fixture.url, auth: { type: "bearer", token: SECRET } } },
      history: { file: join(folder.path, "history.db") },
      logging: { level: "debug", json_format: true },
      config_reload: { watch: false },
    },
    inside.env,
  );
  follower = await followFromStart(gateway.url);
});

afterAll(async () => {
  await follower?.[Symbol.asyncDispose]();
  await gateway?.[Symbol.asyncDispose]();
  await inside?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

type Send = (text: string) => Promise<unknown>;

/** The header repeats a name, which it cannot do with every text. */
const headerOf = ({ name, uri }: Readonly<Record<string, unknown>>): string => {
  const text = typeof name === "string" ? name : uri;
  if (typeof text !== "string") return "none";
  return /^[ -~]*$/.test(text) && text.length < 4_000 ? text : "too long";
};
const ask = (method: string, params: Readonly<Record<string, unknown>>, headers = {}): Promise<unknown> =>
  modernRequest(gateway.mcpUrl(), method, params, { headers: { "mcp-name": headerOf(params), ...headers } });
const inSession = (method: string, params: object, headers: Readonly<Record<string, string>> = {}): Promise<unknown> =>
  post(gateway.mcpUrl(), { jsonrpc: "2.0", id: 1, method, params }, { headers });
const operate = (method: string, path: string, body?: object): Promise<unknown> =>
  rest(gateway, method, path, body === undefined ? {} : { body });
const meta = (name: string) => ({ _meta: { "io.modelcontextprotocol/clientInfo": { name, version: name } } });
const initialize = (name: string, version: string) => ({
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name, version },
});

/** Every text by which a caller can get into records. */
const FIELDS: Readonly<Record<string, Send>> = {
  "the name of a tool": (text) => operate("POST", "/api/batch", { calls: [{ server: "fixture", tool: text }] }),
  "the name of a server": (text) => operate("POST", "/api/batch", { calls: [{ server: text, tool: "x" }] }),
  "a tool in a path": (text) => operate("POST", `/api/mcp_servers/fixture/tools/${encodeURIComponent(text)}/call`, {}),
  "a server in a path": (text) => operate("POST", `/api/mcp_servers/${encodeURIComponent(text)}/stop`),
  "a group in a path": (text) => operate("GET", `/api/groups/${encodeURIComponent(text)}`),
  "the target of a tool": (text) =>
    modernRequest(gateway.manageUrl, "tools/call", { name: "hangar_stop", arguments: { server: text } }),
  "the id of a key": (text) => operate("DELETE", `/api/keys/${encodeURIComponent(text)}`),
  "the name of a user": (text) =>
    ask("tools/call", {
      name: "fixture__x",
      arguments: {},
      _meta: { user_id: text, session_id: text, trace_id: text },
    }),
  "the name of a prompt": (text) => ask("prompts/get", { name: `fixture__${text}` }),
  "a field of a body": (text) => operate("POST", "/api/warm", { [text]: 1 }),
  "a query": (text) => operate("GET", `/api/history?${encodeURIComponent(text)}=1`),
  "a tool of a request": (text) => inSession("tools/call", { name: text }, { "mcp-session-id": "none" }),
  "a name that the header does not repeat": (text) =>
    ask("tools/call", { name: text, arguments: {} }, { "mcp-name": "another" }),
  "a URI": (text) => ask("resources/read", { uri: text }),
  "a method": (text) => post(gateway.mcpUrl(), { jsonrpc: "2.0", id: 1, method: text }, {}),
  "the name of a client": (text) => inSession("initialize", initialize(text, text)),
  "the name of a client of the modern era": (text) => ask("tools/list", meta(text)),
  "a user agent": (text) => ask("tools/list", {}, { "user-agent": encodeURIComponent(text) }),
  "the id of a session": (text) => inSession("tools/list", {}, { "mcp-session-id": encodeURIComponent(text) }),
  "the id of a request": (text) => post(gateway.mcpUrl(), { jsonrpc: "2.0", id: text, method: "tools/list" }, {}),
  "a revision": (text) => inSession("tools/list", {}, { "mcp-protocol-version": encodeURIComponent(text) }),
};

/** Everything that the gateway has told of what happened. */
async function everythingTold(): Promise<string> {
  const history = await rest(gateway, "GET", "/api/history?limit=1000");
  return [
    gateway.process.stderr(),
    JSON.stringify(follower.events),
    JSON.stringify(inside.events()),
    history.text,
    (await rest(gateway, "GET", "/metrics")).text,
  ].join("\n");
}

/** Pieces of the secret that stand in a text, with what is around them. */
function piecesIn(text: string): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at + PIECE <= SECRET.length; at += 1) {
    const where = text.indexOf(SECRET.slice(at, at + PIECE));
    if (where !== -1) found.push(text.slice(Math.max(0, where - 120), where + 60));
  }
  return found;
}

test.each(Object.keys(FIELDS))("a secret in %s is in no record, wherever the text is cut", async (field) => {
  const send = FIELDS[field];
  if (send === undefined) throw new Error("there is no such field");
  for (const cut of CUTS) {
    for (const before of [PIECE, Math.floor(SECRET.length / 2), SECRET.length - 1]) {
      await send(`${"x".repeat(cut - before)}${SECRET}${"y".repeat(50)}`);
    }
  }
  const { length } = inside.events();
  expect(length).toBeGreaterThan(0);
  expect(piecesIn(await everythingTold()).slice(0, 1)).toEqual([]);
});

test("control characters, lone surrogates and forged lines are records like others", async () => {
  const before = inside.events().length;
  const texts = [
    "\u0000\u001b[31m",
    'a\r\n{"event":"forged"}',
    "\u2028\u202e",
    "\ud800",
    "😀".repeat(3_000),
    "__proto__",
    "%00",
  ];
  let sent = 0;
  for (const text of texts) {
    for (const field of ["the name of a tool", "a server in a path", "a URI", "a method", "the name of a client"]) {
      await FIELDS[field]?.(text.toWellFormed());
      sent += 1;
    }
  }
  await awaitFacts(inside, sent);
  expect(inside.events().length - before).toBeGreaterThanOrEqual(sent);
  expectRecords(inside.events());
  expect(gateway.events("forged")).toEqual([]);
  await expectToldOnce(gateway, { witness: inside, follower });
});
