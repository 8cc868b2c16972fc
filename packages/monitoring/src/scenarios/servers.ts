import { catalog, SERVER_STATES, type ServerStateName } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { complementOf } from "../slo/decimal.ts";
import { counter, gauge, histogram, steady } from "./series.ts";
import { alertNamed, around, type Coverage, inShares, type Story, stepOf, tell, together } from "./story.ts";

const server = { mcp_server: "math" } as const;

/** Servers that start too often, are dead, degraded or out of reach, and a sweep that is slow. */
export function servers(context: Context, { alerts }: Topic): Coverage {
  const {
    McpServerDead,
    GCSlowCycles: slow,
    McpServerStarted: started,
    ToolDefinitionsChanged: redefined,
  } = context.options.alerts;
  const slowSweeps = inShares(complementOf(slow.quantile), slow, context, ({ each, ...beyond }) => ({
    course: { kind: "average", window: slow.window },
    series: histogram(catalog.idleSweepDuration, {}, { limit: slow.limit, each, beyond }),
    firing: {},
    share: {},
  }));
  const starts = [
    ...counter(
      catalog.serverStarts,
      { ...server, result: "success" },
      { below: started.count, above: started.count + 1 },
    ),
    // It was tried, and that is all.
    ...counter(catalog.serverStarts, { ...server, result: "failure" }, 10),
  ];
  const changed = { ...server, change: "changed" } as const;
  const redefinitions = [
    ...counter(catalog.toolDefinitionsChanged, changed, { below: redefined.count, above: redefined.count + 1 }),
    // A server that is given more tools, or fewer, redefines none.
    ...counter(catalog.toolDefinitionsChanged, { ...server, change: "added" }, 10),
    ...counter(catalog.toolDefinitionsChanged, { ...server, change: "removed" }, 10),
  ];
  return together(
    tell(context, alertNamed(alerts, "FrequentColdStarts"), [frequentStarts(context)]),
    tell(context, alertNamed(alerts, "McpServerDead"), [
      { ...inState("dead", "degraded"), course: { kind: "level", held: McpServerDead.window } },
    ]),
    tell(context, alertNamed(alerts, "McpServerDegraded"), [inState("degraded", "ready")]),
    tell(context, alertNamed(alerts, "RemoteServerUnreachable"), [unreachable]),
    tell(context, alertNamed(alerts, "GCSlowCycles"), slowSweeps),
    tell(context, alertNamed(alerts, "McpServerStarted"), [
      { course: { kind: "event", window: started.window }, series: starts, firing: server },
    ]),
    tell(context, alertNamed(alerts, "ToolDefinitionsChanged"), [
      { course: { kind: "event", window: redefined.window }, series: redefinitions, firing: server },
    ]),
  );
}

function frequentStarts(context: Context): Story {
  const { perSecond, window } = context.options.alerts.FrequentColdStarts;
  const { below, above } = around(perSecond * stepOf(context), window, context);
  const growth = { below: below / 2, above: above / 2 };
  return {
    course: { kind: "average", window },
    series: [
      ...counter(catalog.serverStarts, { ...server, result: "success" }, growth),
      ...counter(catalog.serverStarts, { ...server, result: "failure" }, growth),
    ],
    firing: server,
  };
}

/** One of two gateways sees the server in a state, and before that in one that is nearly as bad. */
function inState(state: ServerStateName, below: ServerStateName): Story {
  const level = (name: ServerStateName): number => SERVER_STATES.indexOf(name);
  const { serverState } = catalog;
  return {
    course: { kind: "level" },
    series: [
      ...gauge(serverState, server, {
        idle: level("cold"),
        healthy: level("ready"),
        below: level(below),
        above: level(state),
      }),
      ...steady(serverState, server, level("cold"), "b:8000"),
    ],
    firing: server,
  };
}

/** One of two gateways cannot reach a remote server; that a local one does not start is not what this alert is about. */
const unreachable: Story = {
  course: { kind: "level" },
  series: [
    ...gauge(catalog.serverUp, { mcp_server: "search" }, { healthy: 1, below: 1, above: 0 }),
    ...steady(catalog.serverUp, { mcp_server: "search" }, 1, "b:8000"),
    ...steady(catalog.serverInfo, { mcp_server: "search", mode: "remote", group: "" }, 1),
    ...steady(catalog.serverInfo, { mcp_server: "search", mode: "remote", group: "" }, 1, "b:8000"),
    ...gauge(catalog.serverUp, { mcp_server: "math" }, { healthy: 1, below: 0, above: 0 }),
    ...steady(catalog.serverInfo, { mcp_server: "math", mode: "subprocess", group: "" }, 1),
  ],
  firing: { mcp_server: "search" },
};
