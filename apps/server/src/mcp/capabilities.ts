import {
  type Failure,
  type FleetEntry,
  type Gateway,
  type Implementation,
  isJsonObject,
  type JsonObject,
  ServerGroup,
  type TaskMethods,
  taskMethods,
} from "@mcp-hangar/core";
import type { ClientRequest } from "./client-request.ts";
import type { Endpoint } from "./endpoint.ts";
import { mergedInstructions } from "./instructions.ts";

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
  { scope, info: gatewayInfo, gateway, options }: Pick<Endpoint, "scope" | "info" | "gateway" | "options">,
  { era, caller, signal }: Pick<ClientRequest, "era" | "caller" | "signal">,
): Promise<EndpointDescription | Failure> {
  if (scope.kind === "none") return { ...MANAGEMENT, info: gatewayInfo };
  const [entry] = scope.entries(caller);
  if (!scope.single || entry === undefined) {
    return {
      capabilities: {
        ...AGGREGATE_CAPABILITIES,
        ...taskCapability(gateway, mergedTasks(scope.entries(caller))),
        ...mergedExtensions(scope.entries(caller)),
      },
      info: gatewayInfo,
      instructions: mergedInstructions(scope.entries(caller), options()),
    };
  }
  // To start a server is as much as any request to it.
  const runs = scope.servers(caller).some((server) => server.session() !== undefined);
  const refusal = runs ? undefined : gateway.admitRequest(caller);
  const session = refusal ?? (await entry.ensureReady(signal));
  if ("code" in session) return session;
  const { capabilities, info, instructions } = await session.peerFor(era);
  const shown = relayed(capabilities, !(entry instanceof ServerGroup));
  const tasks = era === "legacy" ? taskCapability(gateway, taskMethods(capabilities)) : {};
  return { capabilities: { ...shown, ...tasks }, info, instructions };
}

/** Tasks as they are offered to clients of the legacy era, with no methods but those that a server has. */
function taskCapability({ tasks }: Gateway, methods: TaskMethods | undefined): JsonObject {
  if (methods === undefined || !tasks.isOffered) return {};
  const { list, cancel } = methods;
  return { tasks: { ...(list && { list: {} }), ...(cancel && { cancel: {} }), requests: { tools: { call: {} } } } };
}

/** What any of the servers offers for tasks. One that never ran may offer all of it: nobody can know yet. */
function mergedTasks(entries: readonly FleetEntry[]): TaskMethods | undefined {
  const offers = entries.map(({ peer }) => (peer === undefined ? UNKNOWN_TASKS : taskMethods(peer.capabilities)));
  const made = offers.filter((offer) => offer !== undefined);
  if (made.length === 0) return undefined;
  return { list: made.some(({ list }) => list), cancel: made.some(({ cancel }) => cancel) };
}

const UNKNOWN_TASKS: TaskMethods = { list: true, cancel: true };

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
  return { ...relayed, ...extensionsOf(upstream) };
}

/**
 * Extensions that need no methods but those that are relayed. What is `experimental`, and every other extension, has methods
 * or notifications that would lead nowhere, and is not shown. MCP Apps are tools and resources (SEP-1865).
 */
const RELAYED_EXTENSIONS = ["io.modelcontextprotocol/ui"] as const;

function extensionsOf(upstream: JsonObject | undefined): JsonObject {
  const { extensions = {} } = upstream ?? {};
  if (!isJsonObject(extensions)) return {};
  const relayed = RELAYED_EXTENSIONS.flatMap((name) => {
    const declared = extensions[name];
    return isJsonObject(declared) ? [[name, declared] as const] : [];
  });
  return relayed.length === 0 ? {} : { extensions: Object.fromEntries(relayed) };
}

/** Of the servers that have ever run: an extension that any of them has is there, as the first of them declares it. */
function mergedExtensions(entries: readonly FleetEntry[]): JsonObject {
  return extensionsOf({
    extensions: Object.assign(
      {},
      ...entries.map(({ peer }) => extensionsOf(peer?.capabilities).extensions ?? {}).toReversed(),
    ) as JsonObject,
  });
}
