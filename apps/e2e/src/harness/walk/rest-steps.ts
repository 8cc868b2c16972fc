import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { HttpGateway } from "../gateway-process.ts";
import { rest } from "../rest.ts";
import { modernRequest } from "../wire-client.ts";
import { BODIES, documented, operationFacts, VALUES } from "./documented-operations.ts";
import { openAndLeave, SERVER, type Step } from "./step.ts";

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

/** The page of metrics. */
export function metricsStep(gateway: HttpGateway): Step {
  return {
    what: "GET /metrics",
    permission: "metrics:read",
    act: (headers) => rest(gateway, "GET", "/metrics", { headers }),
    facts: () => [],
  };
}
