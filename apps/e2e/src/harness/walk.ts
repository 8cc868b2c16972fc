import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import type { GatewayConfig, HttpGateway } from "./gateway-process.ts";
import { rest } from "./rest.ts";
import { listenBriefly, modernRequest, post } from "./wire-client.ts";

/** A kind of caller, as those who look at records see it. */
export interface Walker {
  /** Its name in records. */
  readonly name: string;
  /** Fresh for each request, as tokens run out. */
  readonly headers: () => Headers | Promise<Headers>;
  readonly may: (permission: string) => boolean;
  readonly reaches: (server: string) => boolean;
  /** Why nobody is let in with these credentials; absent when they are good. */
  readonly refusedFor?: string;
}

type Headers = Readonly<Record<string, string>>;

/** Something that a caller can do. */
export interface Step {
  readonly what: string;
  /** What the interface asks for before it looks at what is asked. */
  readonly permission: string;
  /** Why nobody gets as far as being asked who they are; absent when it is asked. */
  readonly deniedFor?: "origin" | "host";
  /** The server whose own endpoint is asked; absent for everything else. */
  readonly server?: string;
  readonly act: (headers: Headers) => Promise<unknown>;
  /** What it causes when the caller is let in, in short and in order. */
  readonly facts: (walker: Walker) => readonly string[];
}

/** What a step causes when this walker takes it. */
export function factsOf({ permission, deniedFor, server, facts }: Step, walker: Walker): readonly string[] {
  if (deniedFor !== undefined) return [`access.denied ${deniedFor} unknown`];
  if (walker.refusedFor !== undefined) return [`authentication.failed ${walker.refusedFor} unknown`];
  if (!walker.may(permission)) return [`access.denied permission ${walker.name}`];
  if (server !== undefined && !walker.reaches(server)) return [`access.denied not_reached ${walker.name}`];
  return facts(walker);
}

/** The fleet that is walked through. */
export const SERVER = "fixture";
export const GROUP = "pool";
/** A server that not every walker reaches. */
export const HIDDEN = "hidden";

/** Its configuration; `endpoint` is that of the conformance fixture. */
export function fleetOf(endpoint: string, hidden: Readonly<Record<string, unknown>>): GatewayConfig["mcp_servers"] {
  return {
    [SERVER]: { mode: "remote", endpoint },
    [GROUP]: { mode: "group", members: [{ id: SERVER }] },
    [HIDDEN]: hidden,
  };
}

/** What stands for the names in paths. */
const VALUES: Readonly<Record<string, string>> = { server: SERVER, group: GROUP };
/** Input of operations that do something with less than all of their fields. */
const BODIES: Readonly<Record<string, object>> = { setGroupRotation: { in_rotation: true }, runBatch: { calls: [] } };

/** An operation of the management, as the documentation has it. */
interface Documented {
  readonly id: string;
  readonly method: string;
  /** Its path, with names in braces. */
  readonly template: string;
  readonly permission: string | undefined;
  readonly tool: string | undefined;
}

/** Every operation of the management that is documented. */
function documented(): readonly Documented[] {
  const reference = new URL("../../../../docs/reference/", import.meta.url);
  const document = JSON.parse(readFileSync(new URL("openapi.json", reference), "utf8")) as {
    readonly paths: Record<string, Record<string, { readonly operationId: string; readonly "x-permission"?: string }>>;
  };
  const page = readFileSync(new URL("api.md", reference), "utf8");
  const tools = new Map(
    [...page.matchAll(/`(hangar_\w+)` \(`operationId` `(\w+)`\)/g)].map(([, tool = "", id = ""]) => [id, tool]),
  );
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id, "x-permission": permission }]) => ({
      id,
      method: method.toUpperCase(),
      template: path,
      permission,
      tool: tools.get(id),
    })),
  );
}

/** What an operation causes for a caller who may use it. */
function operationFacts(id: string, { name }: Walker): readonly string[] {
  const operation = `operation.finished ${id} ${name}`;
  if (id === "callServerTool") return [`call.finished ${name}`];
  if (id === "runBatch") return ["batch.finished", operation];
  if (id === "reloadConfig") return [`config.reloaded ${name}`, operation];
  return [operation];
}

/** Every operation over REST, once, and input of some that cannot be read. */
export function restSteps(gateway: HttpGateway): readonly Step[] {
  return [...operationSteps(gateway), ...unreadableSteps(gateway)];
}

function operationSteps(gateway: HttpGateway): readonly Step[] {
  return documented().flatMap(({ id, method, template, permission }) => {
    // The document is everybody's.
    if (permission === undefined) return [];
    const path = template.replaceAll(/\{(\w+)\}/g, (_braced, name: string) => VALUES[name] ?? "nothing");
    return [
      {
        what: `${method} ${path}`,
        permission,
        act: (headers) =>
          id === "followEvents"
            ? openAndLeave(`${gateway.url}${path}`, { headers })
            : rest(gateway, method, path, { headers, ...(method !== "GET" && { body: BODIES[id] ?? {} }) }),
        facts: (walker) => operationFacts(id, walker),
      },
    ];
  });
}

/** Bodies that are no JSON or no object, queries that nothing understands. */
function unreadableSteps(gateway: HttpGateway): readonly Step[] {
  const json = { "content-type": "application/json" };
  const step = (permission: string, id: string, [method, path, body]: readonly string[]): Step => ({
    what: `${method} ${path} with what cannot be read`,
    permission,
    act: (headers) => rest(gateway, method ?? "", path ?? "", { headers: { ...headers, ...json }, body }),
    facts: ({ name }) => [`operation.finished ${id} ${name}`],
  });
  return [
    step("servers:write", "warmServers", ["POST", "/api/warm", "{"]),
    step("tools:call", "callServerTool", ["POST", `/api/mcp_servers/${SERVER}/tools/x/call`, "[]"]),
    step("servers:read", "listCalls", ["GET", "/api/history?colour=red"]),
    step("system:read", "followEvents", ["GET", "/api/events?type=nothing"]),
    step("system:read", "followEvents", ["HEAD", "/api/events"]),
  ];
}

/** What a page of a foreign origin does, and who calls the gateway by a name that is not its own: nobody is asked who they are then. */
export function guardedSteps(gateway: HttpGateway): readonly Step[] {
  const step = (what: string, deniedFor: "origin" | "host", act: Step["act"]): Step => {
    return { what, permission: "", deniedFor, act, facts: () => [] };
  };
  const foreign = { origin: "https://evil.example" };
  return [
    step("REST from a foreign page", "origin", (headers) =>
      rest(gateway, "GET", "/api/system", { headers: { ...headers, ...foreign } }),
    ),
    step("MCP from a foreign page", "origin", (headers) =>
      modernRequest(gateway.mcpUrl(), "tools/list", {}, { headers: { ...headers, ...foreign } }),
    ),
    step("a foreign name", "host", async (headers) => {
      const asked = request(`${gateway.url}/api/system`, { headers: { ...headers, host: "evil.example" } }).end();
      // The types of `once` do not know what a response is.
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      response.resume();
      await once(response, "close");
    }),
  ];
}

/** Makes a request whose answer may be a stream that does not end by itself, and leaves when it begins. */
async function openAndLeave(url: string, init: RequestInit): Promise<void> {
  const left = new AbortController();
  await fetch(url, { ...init, signal: left.signal });
  left.abort();
}

/** A call of a tool of the management. */
interface ManagementCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly permission: string;
  /** What it causes for a caller who may use it. */
  readonly facts: (walker: Walker) => readonly string[];
}

/** A call of every tool of the management that is documented. */
export function managementCalls(): readonly ManagementCall[] {
  return documented().flatMap(({ id, template, tool: name, permission = "" }) => {
    if (name === undefined) return [];
    const named = [...template.matchAll(/\{(\w+)\}/g)].map(([, key = ""]) => [key, VALUES[key] ?? "nothing"]);
    const args = { ...Object.fromEntries(named), ...BODIES[id] };
    return [{ name, arguments: args, permission, facts: (walker: Walker) => operationFacts(id, walker) }];
  });
}

function managementToolSteps(ask: Ask): readonly Step[] {
  return managementCalls().map(({ permission, facts, ...params }) => ({
    what: params.name,
    permission: "tools:call",
    act: (headers) => ask("tools/call", params, headers),
    // For who may not use it there is no such tool.
    facts: (walker) => (walker.may(permission) ? facts(walker) : [`call.finished ${walker.name}`]),
  }));
}

/** A batch of two calls, which is told beside them. */
function batchStep(ask: Ask): Step {
  const call = { server: SERVER, tool: "test_simple_text" };
  const facts = ({ name }: Walker): readonly string[] => {
    return [`call.finished ${name}`, `call.finished ${name}`, "batch.finished"];
  };
  const args = { name: "hangar_call", arguments: { calls: [call, call] } };
  return { what: "a batch", permission: "tools:call", act: (headers) => ask("tools/call", args, headers), facts };
}

/** One request of MCP. */
type Ask = (method: string, params: Readonly<Record<string, unknown>>, headers: Headers) => Promise<unknown>;

type Method = readonly [method: string, params: Readonly<Record<string, unknown>>, era?: "modern" | "legacy"];

/** The methods of both eras and one that does not exist, with the names of an endpoint. */
export function methodsOf(server: string | undefined): readonly Method[] {
  const uri = server === undefined ? `hangar://${SERVER}/test://static-text` : "test://static-text";
  const prompt = server === undefined ? `${SERVER}__test_simple_prompt` : "test_simple_prompt";
  const ref = { type: "ref/prompt", name: prompt };
  return [
    ["tools/list", {}],
    ["prompts/list", {}],
    ["prompts/get", { name: prompt }],
    ["resources/list", {}],
    ["resources/templates/list", {}],
    ["resources/read", { uri }],
    ["resources/read", { uri: "hangar://nowhere/nothing" }],
    ["completion/complete", { ref, argument: { name: "arg1", value: "p" } }],
    ["server/discover", {}, "modern"],
    ["resources/subscribe", { uri }, "legacy"],
    ["resources/unsubscribe", { uri }, "legacy"],
    ["logging/setLevel", { level: "info" }, "legacy"],
    ["no/such/method", {}],
  ];
}

/** Calls of an endpoint: one that is answered, and one of a tool that does not exist. */
function callsOf(server: string | undefined): readonly string[] {
  const prefix = server === undefined ? `${SERVER}__` : "";
  return [`${prefix}test_simple_text`, `${prefix}no_such_tool`];
}

const recordedAs = (method: string): string => (method === "no/such/method" ? "_other" : method);

/** Every method of the modern era at one endpoint, calls, and what is no message. */
export function modernSteps(gateway: HttpGateway, server?: string): readonly Step[] {
  const url = gateway.mcpUrl(server);
  const ask: Ask = (method, params, headers) => modernRequest(url, method, params, { headers });
  const step = (what: string, fact: string | undefined, act: Step["act"]): Step => ({
    what: `${what} of the modern era at ${server ?? "the aggregate"}`,
    permission: "tools:call",
    ...(server !== undefined && { server }),
    act,
    facts: ({ name }) => (fact === undefined ? [] : [`${fact} ${name}`]),
  });
  return [
    ...methodsOf(server).flatMap(([method, params, era = "modern"]) =>
      era === "modern"
        ? [step(method, `request.finished ${recordedAs(method)}`, (headers) => ask(method, params, headers))]
        : [],
    ),
    ...callsOf(server).map((name) =>
      step(name, "call.finished", (headers) => ask("tools/call", { name, arguments: {} }, headers)),
    ),
    step("subscriptions/listen", "request.finished subscriptions/listen", (headers) => listenBriefly(url, headers)),
    step("no JSON", "request.finished _other", (headers) => post(url, "{", { headers })),
    step("another method in the header", "request.finished tools/list", (headers) =>
      modernRequest(url, "tools/list", {}, { headers: { ...headers, "mcp-method": "prompts/list" } }),
    ),
    ...(server === undefined ? [...managementToolSteps(ask), batchStep(ask)] : []),
  ];
}

const LEGACY = "2025-11-25";

/** A session of the legacy era at one endpoint from its opening to its end, with every method and calls. */
export function legacySteps(gateway: HttpGateway, server?: string): readonly Step[] {
  const url = gateway.mcpUrl(server);
  let session = "none";
  let lastId = 0;
  const inSession = (headers: Headers): Headers => ({
    ...headers,
    "mcp-session-id": session,
    "mcp-protocol-version": LEGACY,
  });
  const send = (message: object, headers: Headers): Promise<unknown> =>
    post(url, { jsonrpc: "2.0", ...message }, { headers: inSession(headers) });
  const ask: Ask = (method, params, headers) => {
    lastId += 1;
    return send({ id: lastId, method, params }, headers);
  };
  const step = (what: string, facts: readonly string[], act: Step["act"]): Step => ({
    what: `${what} of the legacy era at ${server ?? "the aggregate"}`,
    permission: "tools:call",
    ...(server !== undefined && { server }),
    act,
    facts: ({ name }) => facts.map((fact) => `${fact} ${name}`),
  });
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: "walker", version: "1.0.0" } };
  const raw =
    (method: string, body?: string) =>
    async (headers: Headers): Promise<void> => {
      const own = { accept: "application/json, text/event-stream", "content-type": "application/json" };
      await openAndLeave(url, {
        method,
        headers: { ...inSession(headers), ...own },
        ...(body !== undefined && { body }),
      });
    };
  const initialized = JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" });
  const end = raw("DELETE");
  return [
    step("initialize", ["session.opened", "request.finished initialize"], async (headers) => {
      const opened = await post(url, { jsonrpc: "2.0", id: 0, method: "initialize", params }, { headers });
      session = opened.headers.get("mcp-session-id") ?? "none";
    }),
    step("a notification", [], raw("POST", initialized)),
    step("ping", [], (headers) => ask("ping", {}, headers)),
    ...methodsOf(server).flatMap(([method, values, era = "legacy"]) =>
      era === "legacy"
        ? [step(method, [`request.finished ${recordedAs(method)}`], (headers) => ask(method, values, headers))]
        : [],
    ),
    ...callsOf(server).map((name) =>
      step(name, ["call.finished"], (headers) => ask("tools/call", { name, arguments: {} }, headers)),
    ),
    step("the stream", [], raw("GET")),
    step("the end", ["session.closed"], end),
    step("the end once more", ["request.finished _other"], end),
    step("tools/list after the end", ["request.finished tools/list"], (headers) => ask("tools/list", {}, headers)),
    step("the stream after the end", ["request.finished _other"], raw("GET")),
  ];
}

/** The page of metrics. */
export function metricsStep(gateway: HttpGateway): Step {
  return {
    what: "GET /metrics",
    permission: "metrics:read",
    act: (headers) => rest(gateway, "GET", "/metrics", { headers }),
    facts: () => [],
  };
}
