import { type Failure, type Implementation, isJsonObject, type JsonObject, ServerGroup } from "@mcp-hangar/core";
import type { ClientRequest } from "./client-request.ts";
import type { Endpoint } from "./endpoint.ts";

/** What an endpoint says about itself. */
export interface EndpointDescription {
  readonly capabilities: JsonObject;
  readonly info: Implementation;
  readonly instructions: string | undefined;
}

const AGGREGATE_CAPABILITIES: JsonObject = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
};

const MANAGEMENT: Omit<EndpointDescription, "info"> = {
  capabilities: { tools: {} },
  instructions:
    "Tools that manage this gateway and the MCP servers behind it. The tools of the servers themselves are at /mcp.",
};

/**
 * Describes an endpoint to clients of one era. The aggregate offers what any server may offer; a single server is
 * started if need be, and offers what it says itself to clients of that era, as far as the gateway relays it. A group
 * looks like one of its members, without subscriptions, which only one server can keep.
 */
export async function describe(
  { scope, info: gatewayInfo, gateway }: Pick<Endpoint, "scope" | "info" | "gateway">,
  { era, caller, signal }: Pick<ClientRequest, "era" | "caller" | "signal">,
): Promise<EndpointDescription | Failure> {
  if (scope.kind === "none") return { ...MANAGEMENT, info: gatewayInfo };
  const [entry] = scope.entries(caller);
  if (!scope.single || entry === undefined) {
    return {
      capabilities: AGGREGATE_CAPABILITIES,
      info: gatewayInfo,
      instructions:
        "Tools and prompts of all servers are named <server>__<name>. hangar_call runs many tool calls in parallel.",
    };
  }
  // To start a server is as much as any request to it.
  const runs = scope.servers(caller).some((server) => server.session() !== undefined);
  const refusal = runs ? undefined : gateway.admitRequest(caller);
  const session = refusal ?? (await entry.ensureReady(signal));
  if ("code" in session) return session;
  const { capabilities, info, instructions } = await session.peerFor(era);
  return { capabilities: relayed(capabilities, !(entry instanceof ServerGroup)), info, instructions };
}

function relayed(upstream: JsonObject, mayRemember: boolean): JsonObject {
  const relayed: Record<string, JsonObject> = {};
  if (isJsonObject(upstream.tools)) relayed.tools = { listChanged: true };
  if (isJsonObject(upstream.prompts)) relayed.prompts = { listChanged: true };
  if (isJsonObject(upstream.resources)) {
    const subscribe = mayRemember && upstream.resources.subscribe === true;
    relayed.resources = subscribe ? { subscribe, listChanged: true } : { listChanged: true };
  }
  if (isJsonObject(upstream.completions)) relayed.completions = {};
  if (isJsonObject(upstream.logging)) relayed.logging = {};
  return relayed;
}
