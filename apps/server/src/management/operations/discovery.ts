import { DISCOVERED_STATES, type DiscoveredReport, type SourceReport } from "@mcp-hangar/core";
import { redactText } from "@mcp-hangar/telemetry";
import { z } from "zod";
import type { Permission } from "../../access/permissions.ts";
import {
  type Operation,
  type OperationContext,
  type OperationFailure,
  operation,
  operationFailure,
} from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { serverInput } from "./server-view.ts";

const WRITE: Permission = "discovery:write";

const sourceView = z.object({
  name: z.string(),
  type: z.string(),
  mode: z.enum(["additive", "authoritative"]),
  approve: z.enum(["auto", "manual"]),
  healthy: z.boolean().describe("Whether its last cycle succeeded; true before the first."),
  error: z.string().nullable().describe("Why its last cycle failed."),
  servers: z.int().describe("Servers that it announced in its last successful cycle."),
  ignored: z.int().describe("How many of them are beyond max_servers."),
  cycles: z.int(),
  last_cycle: z.iso.datetime().nullable(),
});

const discoveredView = z.object({
  id: z.string(),
  source: z.string(),
  state: z
    .enum(DISCOVERED_STATES)
    .describe("Only registered ones can be called. Quarantined ones failed their probe, and are probed again."),
  reason: z.string().nullable().describe("Why it is not registered, or what is wrong with its newest definition."),
  location: z.string().describe("Where it was found."),
  first_seen: z.iso.datetime(),
  last_seen: z.iso.datetime(),
  definition: z
    .object({
      fingerprint: z.string().describe("Changes with the definition."),
      mode: z.string(),
      target: z.string().describe("The command line, the image, or the endpoint without its query."),
    })
    .nullable()
    .describe("The newest definition, without variables, headers and credentials."),
});

const sourceInput = z.string().min(1).max(100).describe("Name of a discovery source.");
const decisionInput = z.object({
  server: serverInput.describe("Id of the server that was found."),
  source: sourceInput.optional().describe("The source that found it, where several did."),
  fingerprint: z
    .string()
    .max(100)
    .optional()
    .describe("The definition that was looked at; if there is a newer one, nothing is decided."),
});

/** What discovery sources found, and the decisions on it. */
export function discoveryOperations(parts: Pick<ManagementParts, "discovery" | "access">): readonly Operation[] {
  const { discovery, access } = parts;
  const offered = (): boolean => discovery.hasSources;
  const decide = (
    how: "approve" | "reject",
    { server, ...target }: z.output<typeof decisionInput>,
    { caller, changed }: OperationContext,
  ): z.input<typeof discoveredView> | OperationFailure => {
    const unknown = `discovery has not found ${JSON.stringify(server)}; GET /api/discovery or hangar_discovery lists what it has`;
    if (!access.reaches(caller, server, WRITE)) return operationFailure("unknown_server", 404, unknown);
    const before = discovery.report().servers.find(({ id }) => id === server);
    const outcome = discovery[how](server, target);
    if (outcome.kind === "done")
      changed?.({ ...(before && { before: decisionText(before) }), after: decisionText(outcome.server) });
    if (outcome.kind === "unknown") return operationFailure("unknown_server", 404, unknown);
    return outcome.kind === "done"
      ? viewOfDiscovered(outcome.server)
      : operationFailure("not_decided", 409, outcome.message);
  };
  return [
    operation({
      id: "listDiscovered",
      title: "List what was discovered",
      description:
        "Lists the discovery sources and the servers they found: which are registered, which wait for approval, and why the others are kept out.",
      permission: "discovery:read",
      effect: "read",
      tool: "hangar_discovery",
      offered,
      route: { method: "GET", path: "/api/discovery" },
      input: z.object({
        state: z.enum(DISCOVERED_STATES).optional().describe("Only servers in this state."),
        source: sourceInput.optional().describe("Only this source and its servers."),
      }),
      output: z.object({ sources: z.array(sourceView), servers: z.array(discoveredView) }),
      run: ({ state, source }, { caller }) => {
        const { sources, servers } = discovery.report();
        return {
          sources: sources.filter(({ name }) => source === undefined || name === source).map(viewOfSource),
          servers: servers
            .filter((server) => state === undefined || server.state === state)
            .filter((server) => source === undefined || server.source === source)
            .filter(({ id }) => access.reaches(caller, id, "discovery:read"))
            .map(viewOfDiscovered),
        };
      },
    }),
    operation({
      id: "approveDiscovered",
      title: "Approve a discovered server",
      description:
        "Lets a server that was found be called: one that waits for approval, was rejected, or is in quarantine, which is probed again at once. Look at its definition first, and send the fingerprint along.",
      permission: WRITE,
      effect: "change",
      tool: "hangar_approve",
      offered,
      route: { method: "POST", path: "/api/discovery/servers/{server}/approve" },
      input: decisionInput,
      output: discoveredView,
      run: (input, context) => decide("approve", input, context),
    }),
    operation({
      id: "rejectDiscovered",
      title: "Reject a discovered server",
      description:
        "Keeps a server that was found from being called, and takes it out if it is; its calls in flight end well. It stays out until somebody approves it. Of a server with a newer definition, that is rejected first.",
      permission: WRITE,
      effect: "change",
      tool: "hangar_reject",
      offered,
      route: { method: "POST", path: "/api/discovery/servers/{server}/reject" },
      input: decisionInput,
      output: discoveredView,
      run: (input, context) => decide("reject", input, context),
    }),
    operation({
      id: "runDiscovery",
      title: "Run a discovery cycle",
      description: "Asks one discovery source, or all, at once and not at the next interval; answers when they have.",
      permission: WRITE,
      effect: "change",
      tool: "hangar_discover",
      offered,
      route: { method: "POST", path: "/api/discovery/run" },
      input: z.object({
        source: sourceInput.optional().describe("Only this source."),
        accept_empty: z
          .boolean()
          .default(false)
          .describe("Believes an authoritative source that announces nothing any more, and so lets its servers go."),
      }),
      output: z.object({ sources: z.array(sourceView) }),
      run: async ({ source, accept_empty: acceptEmpty }) => {
        const sources = await discovery.runCycle(source, acceptEmpty);
        if (sources !== undefined) return { sources: sources.map(viewOfSource) };
        const message = `there is no discovery source ${JSON.stringify(source)}; GET /api/discovery lists them`;
        return operationFailure("unknown_source", 404, message);
      },
    }),
  ];
}

/** In words for records: what was decided on, and how. */
function decisionText({ state, definition }: DiscoveredReport): string {
  return definition === undefined ? state : `${state}, definition ${definition.fingerprint}`;
}

function viewOfSource(source: SourceReport): z.input<typeof sourceView> {
  const { name, type, mode, approve, healthy, error, servers, ignored, cycles, lastCycleMs } = source;
  return {
    name,
    type,
    mode,
    approve,
    healthy,
    servers,
    ignored,
    cycles,
    error: error === undefined ? null : redactText(error),
    last_cycle: lastCycleMs === undefined ? null : new Date(lastCycleMs).toISOString(),
  };
}

/** What was announced may hold secrets in places where none belong, such as a command line. */
function viewOfDiscovered(server: DiscoveredReport): z.input<typeof discoveredView> {
  const { id, source, state, reason, location, firstSeenMs, lastSeenMs, definition } = server;
  return {
    id,
    source,
    state,
    location,
    reason: reason === undefined ? null : redactText(reason),
    first_seen: new Date(firstSeenMs).toISOString(),
    last_seen: new Date(lastSeenMs).toISOString(),
    definition: definition === undefined ? null : { ...definition, target: redactText(definition.target) },
  };
}
