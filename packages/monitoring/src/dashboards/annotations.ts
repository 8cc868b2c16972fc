import { catalog, SERVER_STATES } from "@mcp-hangar/telemetry";
import { type By, by, max, sum } from "../promql/aggregate.ts";
import type { Duration } from "../promql/duration.ts";
import { prometheusMetrics, runtime } from "../promql/external.ts";
import { changes, increase } from "../promql/functions.ts";
import { compare, multiply, unless } from "../promql/operators.ts";
import { ago, not, type Scope, variable } from "../promql/select.ts";
import type { Vector } from "../promql/vector.ts";
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

/** How long a version is new: long enough to be seen on an axis of days, short enough to tell two deployments apart. */
const NEW: Duration = "5m";

/** What people and roll-outs change: the first question about anything that begins to fail. On every dashboard. */
export function changesOf(series: Scope): readonly Annotation[] {
  return [deployments(series), configReloads(series), definitionChanges(series)];
}

/** A gateway runs a version that it did not run before. */
function deployments(scope: Scope): Annotation {
  const versions = by("instance", "version");
  const running = scope.series(catalog.buildInfo);
  return {
    name: "Deployment",
    expr: unless(max(running, versions), max(ago(running, NEW), versions)),
    title: "Deployment: {{version}}",
    tags: ["instance", "version"],
    tone: "good",
  };
}

/** Reloads of the configuration, good and failed ones. */
function configReloads(scope: Scope): Annotation {
  const reloads = increase(scope.series(catalog.configReloads), "$__rate_interval");
  return happened((told) => sum(reloads, told), ["instance", "result"], {
    name: "Configuration reload",
    title: "Configuration reload: {{result}}",
    tone: "neutral",
  });
}

/** Servers list tools otherwise than before. */
function definitionChanges(scope: Scope): Annotation {
  const changed = increase(scope.series(catalog.toolDefinitionsChanged), "$__rate_interval");
  return happened((told) => sum(changed, told), ["mcp_server", "change"], {
    name: "Definition change",
    title: "Tools of {{mcp_server}}: {{change}}",
    tone: "soon",
  });
}

/** Marks where something happened at all, with the labels that it is told apart by as tags. */
function happened<const Told extends string>(
  counted: (told: By<Told>) => Vector<Told, "rate">,
  labels: readonly Told[],
  looks: Pick<Annotation, "name" | "title" | "tone">,
): Annotation {
  return { ...looks, expr: compare(counted(by(...labels)), ">", 0), tags: labels };
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
  return happened((told) => max(changes(state, "$__rate_interval"), told), ["mcp_server"], {
    name: "Server state change",
    title: "{{mcp_server}} changes its state",
    tone: "neutral",
  });
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
