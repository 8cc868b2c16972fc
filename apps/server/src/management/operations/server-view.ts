import {
  diagnosisOf,
  FAILURES,
  type Failure,
  type FleetEntry,
  type ManagedServer,
  ServerGroup,
} from "@mcp-hangar/core";
import { BREAKER_STATES, type Caller, redactText, SERVER_MODES, SERVER_STATES } from "@mcp-hangar/telemetry";
import { z } from "zod";
import type { Permission } from "../../access/permissions.ts";
import { QualifiedNames } from "../../mcp/qualified-names.ts";
import { type OperationFailure, operationFailure } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";

/** Longer names belong to no server. */
const NAME_MAX = 200;

/** The id of a server, as operations take it. */
export const serverInput = z.string().min(1).max(NAME_MAX).describe("Id of the MCP server.");

/** One server in lists. */
export const serverView = z.object({
  id: z.string(),
  prefix: z.string().describe("In front of its tools and prompts on /mcp: `<prefix>__<tool>`."),
  mode: z.enum(SERVER_MODES),
  group: z.string().nullable(),
  origin: z
    .enum(["config", "discovery", "runtime"])
    .describe("Who defined it: the configuration, a discovery source, or a call of this interface."),
  state: z.enum(SERVER_STATES),
  up: z.boolean().describe("Ready, or cold and able to start."),
  initialized: z.boolean().describe("Started at least once since the gateway runs."),
  consecutive_failures: z.int(),
  start: z
    .object({
      phase: z
        .enum(["fetching", "starting"])
        .describe("`fetching` while an installer such as npx fetches the server, `starting` once the server runs."),
      seconds: z.int().describe("Time in this phase so far."),
      limit_seconds: z.number().describe("Time that it may take: fetch_timeout_s or start_timeout_s."),
    })
    .nullable()
    .describe("How far its start is; null when it is not starting, and for a group."),
  circuit_breaker: z.enum(BREAKER_STATES),
  in_flight: z.int().describe("Calls that wait for the server or run at it."),
  sessions: z
    .object({
      mode: z.enum(["shared", "per_caller", "per_client"]).describe("Who shares a session with the server."),
      open: z.int().describe("Sessions of callers or clients that are open or being opened; 0 of a shared one."),
      max: z.int().describe("Sessions of callers or clients at a time; 0 of a shared one."),
    })
    .nullable()
    .describe("Null for a group."),
  proxy: z
    .string()
    .nullable()
    .describe("Host and port of the proxy through which a remote server is reached; null when it is not."),
  tool_count: z.int().describe("Tools it listed last; 0 until it has started once."),
  last_error: z.string().nullable().describe("Why its last start or session failed; null when it did not."),
});
export type ServerView = z.infer<typeof serverView>;

/** A server or group as it is now, to somebody: a group that they do not reach has no name for them. */
export function viewOf(
  { gateway, access }: Pick<ManagementParts, "gateway" | "access">,
  entry: FleetEntry,
  { caller, permission }: Asker,
): ServerView {
  const snapshot = entry instanceof ServerGroup ? entry.serverSnapshot() : entry.snapshot();
  const { group } = snapshot;
  const lastError = "state" in entry && "lastError" in entry.state ? entry.state.lastError : undefined;
  return {
    id: snapshot.id,
    prefix: new QualifiedNames(gateway.fleet).prefixOf(entry),
    mode: snapshot.mode,
    group: group !== undefined && access.reaches(caller, group, permission) ? group : null,
    origin: gateway.fleet.originOf(entry.id) ?? "config",
    state: snapshot.state,
    up: snapshot.up,
    initialized: snapshot.initialized,
    consecutive_failures: snapshot.consecutiveFailures,
    start: entry instanceof ServerGroup ? null : startOf(entry),
    circuit_breaker: snapshot.breaker,
    in_flight: snapshot.inFlight,
    sessions: entry instanceof ServerGroup ? null : sessionsOf(entry),
    proxy: snapshot.proxy ?? null,
    tool_count: snapshot.tools.length,
    // It may quote what the server wrote to its stderr.
    last_error: lastError === undefined ? null : redactText(lastError),
  };
}

function startOf({ startProgress }: ManagedServer): ServerView["start"] {
  if (startProgress === undefined) return null;
  const { phase, seconds, limitSeconds } = startProgress;
  return { phase, seconds: Math.floor(seconds), limit_seconds: limitSeconds };
}

function sessionsOf({ options, ownSessions }: ManagedServer): ServerView["sessions"] {
  const max = ownSessions === undefined ? 0 : options.max_sessions;
  return { mode: options.sessions, open: ownSessions?.size ?? 0, max };
}

/** Who asks for a server, and what for. */
interface Asker {
  readonly caller: Caller;
  readonly permission: Permission;
}

/** A server or group by its id. One that the caller's roles do not reach does not exist for the caller. */
export function findEntry(
  { gateway, access }: Pick<ManagementParts, "gateway" | "access">,
  id: string,
  { caller, permission }: Asker,
): FleetEntry | OperationFailure {
  const entry = gateway.fleet.entry(id);
  return entry !== undefined && access.reaches(caller, id, permission) ? entry : noSuchServer(id);
}

/** As {@link findEntry} for what only a server can do: a group is a name for several. */
export function findServer(
  parts: Pick<ManagementParts, "gateway" | "access">,
  id: string,
  asker: Asker,
): ManagedServer | OperationFailure {
  const entry = findEntry(parts, id, asker);
  if (!(entry instanceof ServerGroup)) return entry;
  const members = entry.options.members.map((member) => member.id);
  const reached = members.filter((member) => parts.access.reaches(asker.caller, member, asker.permission));
  return operationFailure("is_group", 409, `"${id}" is a group; ask its members: ${reached.join(", ")}`);
}

/** The same words for a server that never was and for one that the caller may not know of. */
export function noSuchServer(id: string): OperationFailure {
  const message = `there is no server ${JSON.stringify(id.slice(0, 100))}; GET /api/mcp_servers or hangar_list names them`;
  return operationFailure("unknown_server", 404, message);
}

/**
 * A failure of the runtime as one of an operation. Who may see or start servers may know why one fails; what calls return has
 * been put into words for its caller already.
 */
export function failureOf(failed: Failure): OperationFailure {
  const { code, retryAfterMs } = failed;
  const failure = operationFailure(code, FAILURES[code].httpStatus, redactText(diagnosisOf(failed)));
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterS: Math.ceil(retryAfterMs / 1_000) };
}
