import type { HttpGateway } from "../gateway-process.ts";
import { rest } from "../rest.ts";
import { modernRequest, post } from "../wire-client.ts";
import { announceAndLeave, type Headers, SERVER, type Step } from "./step.ts";

/** More bytes than any gateway takes. */
const TOO_LARGE = { "content-type": "application/json", "content-length": "9999999999" };
/** A body that is waited for, and never comes. */
const NEVER_SENT = { "content-type": "application/json", "content-length": "10", expect: "100-continue" };
const MODERN = { "mcp-protocol-version": "2026-07-28" };
const CALL_WITHOUT_ID = { jsonrpc: "2.0", method: "tools/call", params: { name: "anything", arguments: {} } };
/** What is shown of the endpoint of a server, too: it is refused as at the other, and recorded by the server's own. */
const AT_SERVERS = ["a body that is too large", "a body that never comes", "a call without an id"];

/** What is wrong with a request over HTTP, and the request. */
type Form = readonly [what: string, send: (headers: Headers) => Promise<unknown>];

/** Everything by which HTTP refuses a request to an endpoint of MCP, and what there is nothing for. */
export function refusedMcpSteps(gateway: HttpGateway): readonly Step[] {
  const at = (path: string): readonly Form[] => {
    const ask = (method: string, own: Headers, body?: object) => (headers: Headers) =>
      rest(gateway, method, path, { headers: { ...headers, ...own }, body });
    const announce = (own: Headers) => (headers: Headers) =>
      announceAndLeave(`${gateway.url}${path}`, "POST", { ...headers, ...own });
    return [
      ["a body that is too large", announce(TOO_LARGE)],
      ["a body that never comes", announce(NEVER_SENT)],
      ["a body of another type", ask("POST", { "content-type": "text/plain" }, {})],
      ["a body that is encoded", ask("POST", { "content-encoding": "gzip" }, {})],
      ["an answer of another type", ask("POST", { accept: "text/html" }, {})],
      ["a method that MCP does not use", ask("PUT", {}, {})],
      ["a stream of the modern era", ask("GET", MODERN)],
      ["a session of the modern era", ask("DELETE", MODERN)],
      ["a session that never was", ask("GET", { "mcp-session-id": "nothing" })],
      ["a call without an id", (headers) => postUnanswered(`${gateway.url}${path}`, CALL_WITHOUT_ID, headers)],
      ["an empty batch", (headers) => post(`${gateway.url}${path}`, [], { headers })],
      ["a batch without a session", (headers) => post(`${gateway.url}${path}`, [CALL_WITHOUT_ID], { headers })],
    ];
  };
  const step = ([what, act]: Form, server?: string): Step => ({
    what,
    permission: "tools:call",
    ...(server !== undefined && { server }),
    act,
    facts: ({ name }) => [`request.finished _other ${name}`],
  });
  const nowhere = (method: string, path: string): Step =>
    step([`${method} ${path}`, (headers) => rest(gateway, method, path, { headers })]);
  return [
    ...at("/mcp").map((form) => step(form)),
    ...at(`/servers/${SERVER}/mcp`)
      .filter(([what]) => AT_SERVERS.includes(what))
      .map((form) => step(form, SERVER)),
    nowhere("POST", "/servers/nowhere/mcp"),
    {
      what: "a call at a server that does not exist",
      permission: "tools:call",
      act: (headers) =>
        modernRequest(gateway.mcpUrl("nowhere"), "tools/call", { name: "x", arguments: {} }, { headers }),
      facts: ({ name }) => [`call.finished ${name}`],
    },
    nowhere("GET", `/servers/${SERVER}/mcp/more`),
  ];
}

/** Everything by which HTTP refuses a request to the management, and what there is nothing for. */
export function refusedRestSteps(gateway: HttpGateway): readonly Step[] {
  const call = `/api/mcp_servers/${SERVER}/tools/x/call`;
  const step = (permission: string, operation: string, [what, act]: Form): Step => ({
    what,
    permission,
    act,
    facts: ({ name }) => [`operation.finished ${operation} ${name}`],
  });
  const announce = (path: string, own: Headers) => (headers: Headers) =>
    announceAndLeave(`${gateway.url}${path}`, "POST", { ...headers, ...own });
  const ask = (method: string, path: string, own: Headers, body?: object) => (headers: Headers) =>
    rest(gateway, method, path, { headers: { ...headers, ...own }, body });
  const forms = (path: string): readonly Form[] => [
    [`${path} with a body that is too large`, announce(path, TOO_LARGE)],
    [`${path} with a body that never comes`, announce(path, NEVER_SENT)],
    [`${path} with a body of another type`, ask("POST", path, { "content-type": "text/plain" }, {})],
    [`${path} with a body that is encoded`, ask("POST", path, { "content-encoding": "gzip" }, {})],
  ];
  const nothing = [
    ["GET", "/api/nothing"],
    ["DELETE", "/api/nothing?key=x"],
    ["PATCH", "/api/warm"],
  ] as const;
  return [
    ...forms("/api/warm").map((form) => step("servers:write", "warmServers", form)),
    ...forms(call).map((form) => step("tools:call", "callServerTool", form)),
    ...nothing.map(([method, path]) => step("", "_other", [`${method} ${path}`, ask(method, path, {})])),
  ];
}

/** Posts what the modern era does not answer. */
function postUnanswered(url: string, message: object, headers: Headers): Promise<unknown> {
  const own = { ...MODERN, accept: "application/json, text/event-stream", "content-type": "application/json" };
  return fetch(url, { method: "POST", headers: { ...headers, ...own }, body: JSON.stringify(message) }).then((answer) =>
    answer.arrayBuffer(),
  );
}
