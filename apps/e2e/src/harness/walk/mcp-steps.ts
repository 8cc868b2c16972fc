import type { HttpGateway } from "../gateway-process.ts";
import { listenBriefly, modernRequest, post } from "../wire-client.ts";
import { managementCalls } from "./documented-operations.ts";
import { type Headers, openAndLeave, SERVER, type Step, type Walker } from "./step.ts";

/** Tools of the management that agents have on `/mcp`; the others are at `/manage/mcp`. */
const WORK = ["hangar_call", "hangar_fetch_continuation", "hangar_delete_continuation"];

/** Every tool of the management, at the endpoint where it is and at the one where it is not. */
function managementToolSteps({ mcpUrl, manageUrl }: HttpGateway): readonly Step[] {
  return managementCalls().flatMap(({ permission, facts, ...params }) => {
    const isWork = WORK.includes(params.name);
    const step = (url: string, exists: boolean): Step => ({
      what: `${params.name} at ${new URL(url).pathname}`,
      permission: "tools:call",
      act: (headers) => modernRequest(url, "tools/call", params, { headers }),
      // For who may not use it there is no such tool.
      facts: (walker) => (exists && walker.may(permission) ? facts(walker) : [`call.finished ${walker.name}`]),
    });
    return [step(mcpUrl(), isWork), step(manageUrl, !isWork)];
  });
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
    ["tasks/list", {}, "legacy"],
    ["tasks/get", { taskId: "nothing" }, "legacy"],
    ["tasks/result", { taskId: "nothing" }, "legacy"],
    ["tasks/cancel", { taskId: "nothing" }, "legacy"],
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
    ...(server === undefined ? [...managementToolSteps(gateway), batchStep(ask)] : []),
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
