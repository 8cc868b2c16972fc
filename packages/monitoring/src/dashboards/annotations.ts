import { catalog, SERVER_STATES } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../promql/aggregate.ts";
import { prometheusMetrics, runtime } from "../promql/external.ts";
import { changes, increase } from "../promql/functions.ts";
import { compare, multiply } from "../promql/operators.ts";
import { not, variable } from "../promql/select.ts";
import type { Board } from "./board.ts";
import type { Annotation } from "./model.ts";

/** Starts of gateways: what is measured begins anew there. */
export function gatewayStarts({ chosen }: Board): Annotation {
  return {
    name: "Gateway start",
    expr: multiply(chosen.series(runtime.processStartTime), 1_000),
    title: "Gateway start",
    tags: ["instance"],
    tone: "neutral",
    valueIsTime: true,
  };
}

/** Reloads of the configuration, good and failed ones. */
export function configReloads({ chosen }: Board): Annotation {
  const reloads = increase(chosen.series(catalog.configReloads), "$__rate_interval");
  return {
    name: "Configuration reload",
    expr: compare(sum(reloads, by("instance", "result")), ">", 0),
    title: "Configuration reload: {{result}}",
    tags: ["instance", "result"],
    tone: "neutral",
  };
}

/** Times in which a server was degraded or dead: for boards that show the whole fleet, where other changes are daily life. */
export function troubledServers({ chosen }: Board): Annotation {
  const state = max(chosen.series(catalog.serverState), by("mcp_server"));
  return {
    name: "Server degraded or dead",
    expr: compare(state, ">=", SERVER_STATES.indexOf("degraded")),
    title: "{{mcp_server}} is degraded or dead",
    tags: ["mcp_server"],
    tone: "attention",
  };
}

/** Every change of the state of the servers that are shown. */
export function stateChanges({ chosen }: Board): Annotation {
  const state = chosen.series(catalog.serverState, { mcp_server: variable("mcp_server") });
  return {
    name: "Server state change",
    expr: compare(max(changes(state, "$__rate_interval"), by("mcp_server")), ">", 0),
    title: "{{mcp_server}} changes its state",
    tags: ["mcp_server"],
    tone: "neutral",
  };
}

/** Times in which alerts fired. */
export function firingAlerts({ ofJob }: Board): Annotation {
  const firing = ofJob.series(prometheusMetrics.alerts, { alertstate: "firing", severity: not("none") });
  return {
    name: "Firing alerts",
    expr: max(firing, by("alertname", "severity")),
    title: "{{alertname}}",
    tags: ["severity"],
    tone: "bad",
  };
}
