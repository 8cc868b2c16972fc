import type { HangarEvent, RegisteredName, ServerStateName } from "@mcp-hangar/telemetry";
import { deploymentAttributes } from "./call-observation.ts";
import type { Settings } from "./options.ts";
import type { Span } from "./otlp-json.ts";
import type { Score } from "./score.ts";
import { langfuseTraceId, spanIdOf } from "./trace-identity.ts";

/** The health of a server became another. */
export interface HealthChange {
  readonly server: RegisteredName;
  readonly state: ServerStateName;
  readonly isHealthy: boolean;
  readonly timeMs: number;
}

/** What the states of a server say about its health; those that are left out say nothing. */
const HEALTH: Readonly<Partial<Record<ServerStateName, boolean>>> = { ready: true, degraded: false, dead: false };

/** Notices when a server becomes healthy or unhealthy: a server that is stopped while idle and started again is healthy all the time. */
export class HealthChanges {
  readonly #healths = new Map<RegisteredName, boolean>();

  /** The change that an event means; `undefined` when it means none. */
  of(event: HangarEvent): HealthChange | undefined {
    if (event.type === "server.unregistered") this.#healths.delete(event.server);
    if (event.type !== "server.state_changed") return undefined;
    const { server, to: state, timeMs } = event;
    const isHealthy = HEALTH[state];
    if (isHealthy === undefined || this.#healths.get(server) === isHealthy) return undefined;
    this.#healths.set(server, isHealthy);
    return { server, state, isHealthy, timeMs };
  }
}

/** An observation of a change, as a trace of its own, and its score. */
export function healthRecords(
  { server, state, isHealthy, timeMs }: HealthChange,
  settings: Settings,
): { readonly span: Span; readonly score: Score } {
  // Gateways that see the same server change at the same time tell of two changes.
  const unique = `mcp-hangar server_health ${server} ${timeMs} ${settings.random()}`;
  const [traceId, spanId] = [langfuseTraceId(unique), spanIdOf(unique)];
  const level = isHealthy ? "DEFAULT" : state === "dead" ? "ERROR" : "WARNING";
  const name = `server_health/${server}`;
  const span = {
    traceId,
    spanId,
    parentSpanId: undefined,
    name,
    startMs: timeMs,
    endMs: timeMs,
    isError: level === "ERROR",
    attributes: {
      "langfuse.observation.type": "event",
      "langfuse.observation.level": level,
      "langfuse.observation.status_message": isHealthy ? undefined : `the server is ${state}`,
      "langfuse.trace.name": name,
      ...deploymentAttributes(settings),
      "langfuse.observation.metadata.mcp_server": server,
      "langfuse.observation.metadata.mcp_server_state": state,
    },
  } as const;
  const score = {
    id: `${spanId}-server_health`,
    traceId,
    observationId: spanId,
    name: "server_health",
    value: Number(isHealthy),
    dataType: "BOOLEAN",
    environment: settings.environment,
    comment: `${server} is ${state}`,
  } as const;
  return { span, score };
}
