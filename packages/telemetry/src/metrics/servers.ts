import type { RegisteredName } from "../registered-name.ts";
import type { GatewaySnapshot, ServerSnapshot } from "../snapshot.ts";
import {
  COLLECTION_REASONS,
  LIST_FAULT_ACTIONS,
  LIST_LABELS,
  SERVER_MODES,
  SERVER_STATES,
  SESSION_USES,
  START_RESULTS,
  STOP_REASONS,
  TOOL_CHANGES,
} from "../vocabulary.ts";
import { COLD_START_SECONDS, SWEEP_SECONDS } from "./buckets.ts";
import { counter, gauge, histogram, nameOf, oneOf, optionalNameOf } from "./define.ts";

export const serverState = gauge({
  name: "mcp_hangar_mcp_server_state",
  help: "State of a server: 0 cold, 1 initializing, 2 ready, 3 degraded, 4 dead.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: perServer((server) => SERVER_STATES.indexOf(server.state)),
});

export const serverUp = gauge({
  name: "mcp_hangar_mcp_server_up",
  help: "1 if a server is reachable: ready, or cold and able to start.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: perServer((server) => Number(server.up)),
});

export const serverInfo = gauge({
  name: "mcp_hangar_mcp_server_info",
  help: "Always 1; carries what is configured of a server.",
  labels: { mcp_server: nameOf("mcp_server"), mode: oneOf(SERVER_MODES), group: optionalNameOf("group") },
  read: (snapshot) =>
    snapshot.servers.map(({ id, mode, group }) => ({ labels: { mcp_server: id, mode, group }, value: 1 })),
});

export const serverStarts = counter({
  name: "mcp_hangar_mcp_server_starts_total",
  help: "Start attempts of a server by result, lazy ones included.",
  labels: { mcp_server: nameOf("mcp_server"), result: oneOf(START_RESULTS) },
  on: {
    "server.start_finished": (event) => ({ labels: { mcp_server: event.server, result: event.result }, value: 1 }),
  },
});

export const serverStops = counter({
  name: "mcp_hangar_mcp_server_stops_total",
  help: "Stops of a running server by reason.",
  labels: { mcp_server: nameOf("mcp_server"), reason: oneOf(STOP_REASONS) },
  on: { "server.stopped": (event) => ({ labels: { mcp_server: event.server, reason: event.reason }, value: 1 }) },
});

export const listItemFaults = counter({
  name: "mcp_hangar_list_item_faults_total",
  help: "Items in the lists of a server that clients could not read, by what the gateway did about them; each counts once.",
  labels: { mcp_server: nameOf("mcp_server"), list: oneOf(LIST_LABELS), action: oneOf(LIST_FAULT_ACTIONS) },
  foreseenOf: [],
  on: {
    "server.list_faulty": ({ server, list, mended, leftOut }) => [
      { labels: { mcp_server: server, list, action: "mended" }, value: mended },
      { labels: { mcp_server: server, list, action: "left_out" }, value: leftOut },
    ],
  },
});

export const toolDefinitionsChanged = counter({
  name: "mcp_hangar_tool_definitions_changed_total",
  help: "Tools of a server that are defined otherwise than in the listing before: name, title, description, schemas or annotations.",
  labels: { mcp_server: nameOf("mcp_server"), change: oneOf(TOOL_CHANGES) },
  foreseenOf: ["subprocess", "docker", "remote"],
  on: {
    "server.tools_changed": ({ server, total }) =>
      TOOL_CHANGES.map((change) => ({ labels: { mcp_server: server, change }, value: total[change] })),
  },
});

export const toolDefinitionBytes = gauge({
  name: "mcp_hangar_tool_definition_bytes",
  help: "Bytes of JSON that define the tools of a server, as last listed: what they cost the context of an agent. A group has those of its members once.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: (snapshot) =>
    snapshot.servers.flatMap(({ id, toolDefinitionBytes: value }) =>
      value === undefined ? [] : [{ labels: { mcp_server: id }, value }],
    ),
});

export const serverSessions = gauge({
  name: "mcp_hangar_mcp_server_sessions",
  help: "Open sessions of a server that gives each caller or client one, by whether somebody uses them.",
  labels: { mcp_server: nameOf("mcp_server"), use: oneOf(SESSION_USES) },
  read: (snapshot) =>
    snapshot.servers.flatMap(({ id, ownSessions }) =>
      ownSessions === undefined
        ? []
        : SESSION_USES.map((use) => ({ labels: { mcp_server: id, use }, value: ownSessions.open[use] })),
    ),
});

export const serverSessionsMax = gauge({
  name: "mcp_hangar_mcp_server_sessions_max",
  help: "Sessions that may be open with a server that gives each caller or client one (max_sessions).",
  labels: { mcp_server: nameOf("mcp_server") },
  read: ({ servers }) =>
    servers.flatMap(({ id, ownSessions }) =>
      ownSessions === undefined ? [] : [{ labels: { mcp_server: id }, value: ownSessions.max }],
    ),
});

export const serverSessionsRefused = counter({
  name: "mcp_hangar_mcp_server_sessions_refused_total",
  help: "Requests and subscriptions that were refused because all sessions with the server that their caller may have were in use.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: ({ servers }) =>
    servers.flatMap(({ id, ownSessions }) =>
      ownSessions === undefined ? [] : [{ labels: { mcp_server: id }, value: ownSessions.refused }],
    ),
});

export const serverInitialized = gauge({
  name: "mcp_hangar_mcp_server_initialized",
  help: "1 once a server has been initialised since the gateway started.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: perServer((server) => Number(server.initialized)),
});

export const serverColdStart = histogram({
  name: "mcp_hangar_mcp_server_cold_start_seconds",
  help: "Time from the start request to ready, of starts that succeeded.",
  labels: { mcp_server: nameOf("mcp_server") },
  buckets: COLD_START_SECONDS,
  on: {
    "server.start_finished": (event) =>
      event.result === "success" ? { labels: { mcp_server: event.server }, value: event.durationSeconds } : undefined,
  },
});

export const serverColdStartInProgress = gauge({
  name: "mcp_hangar_mcp_server_cold_start_in_progress",
  help: "1 while a server starts.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: perServer((server) => Number(server.coldStartInProgress)),
});

export const idleSweepCycles = counter({
  name: "mcp_hangar_gc_cycles_total",
  help: "Idle sweeps.",
  labels: {},
  on: { "idle_sweep.finished": () => ({ labels: {}, value: 1 }) },
});

export const idleSweepDuration = histogram({
  name: "mcp_hangar_gc_cycle_duration_seconds",
  help: "Time an idle sweep took.",
  labels: {},
  buckets: SWEEP_SECONDS,
  on: { "idle_sweep.finished": (event) => ({ labels: {}, value: event.durationSeconds }) },
});

export const idleSweepCollected = counter({
  name: "mcp_hangar_gc_servers_collected_total",
  help: "Servers that the idle sweep collected, by reason.",
  labels: { reason: oneOf(COLLECTION_REASONS) },
  on: {
    "idle_sweep.finished": (event) =>
      COLLECTION_REASONS.map((reason) => ({ labels: { reason }, value: event.collected[reason] })),
  },
});

function perServer(levelOf: (server: ServerSnapshot) => number) {
  return (snapshot: GatewaySnapshot): { labels: { mcp_server: RegisteredName }; value: number }[] =>
    snapshot.servers.map((server) => ({ labels: { mcp_server: server.id }, value: levelOf(server) }));
}
