import { catalog } from "@mcp-hangar/telemetry";
import type { MinuteSeries } from "./backfilled.ts";
import { SLOWER_THAN_3, SLOWER_THAN_5 } from "./fleets.ts";
import type { ServerModel } from "./servers.ts";
import { type GatewayWorld, someOf } from "./world.ts";

/** Failures in a row that open a breaker. */
const BREAKER_OPENS = 5;
/** Of the failures by chance these are no answers of a tool. */
const OF_FAILURES = { timeout: 0.2, connection: 0.1 } as const;
/** Of all calls these are the caller's doing. */
const OF_CALLS = { cancelled: 0.004, rejected: 0.002 } as const;
/** Of the calls of a minute in which a server crashes, those that were on their way. */
const LOST_IN_A_CRASH = 0.05;
/** Other requests, by calls. */
const REQUESTS = 0.1;

/** What became of the calls of a server in one minute. */
interface Minute {
  readonly success: number;
  readonly tool_error: number;
  readonly timeout: number;
  readonly connection: number;
  readonly circuit_open: number;
  readonly cancelled: number;
  readonly rejected: number;
}

/** What the calls of a server were, and what became of it by them. */
export interface Calls {
  readonly series: readonly MinuteSeries[];
  /** Calls in each minute. */
  readonly calls: readonly number[];
  /** State of the breaker in each minute. */
  readonly breaker: readonly number[];
  /** Minutes in which nothing reached it. */
  readonly away: ReadonlySet<number>;
}

/**
 * The calls and other requests of a server, and what they make its breaker do. When it has opened, the probe that it lets through after its
 * pause succeeds: what is away for longer while somebody calls is an incident.
 */
export function callsOf(world: GatewayWorld, server: ServerModel): Calls {
  const { fleet, by, each, rare, counter, histogram } = world;
  const tool = { ...server.labels, tool: "read" };
  const stubborn = rare(fleet.stubbornAgentsADay / fleet.servers);
  const breaker: number[] = [];
  const away = new Set<number>();
  let [inRow, isBack] = [0, false];
  const minutes = each((minute): Minute => {
    const wasOpen = breaker.at(-1) === 2;
    isBack = server.away.has(minute) && (isBack || wasOpen);
    const isAway = server.away.has(minute) && !isBack;
    const done = outcomesOf(
      {
        calls: by.times(server.load[minute] ?? 0),
        mistaken: stubborn.has(minute) ? 3 + Math.floor(6 * by.next()) : 0,
        reach: isAway ? BREAKER_OPENS - inRow : undefined,
        crashed: server.crashes.has(minute),
      },
      world,
    );
    if (isAway) away.add(minute);
    inRow = isAway ? inRow + done.connection : 0;
    breaker.push(inRow >= BREAKER_OPENS ? 2 : wasOpen ? 1 : 0);
    return done;
  });
  const all = minutes.map(
    ({ success, tool_error, timeout, connection }) => success + tool_error + timeout + connection,
  );
  const slow3 = all.map((count) => someOf(count, SLOWER_THAN_3, by));
  const slow5 = slow3.map((count) => someOf(count, SLOWER_THAN_5 / SLOWER_THAN_3, by));
  const called = (status: string, of: (minute: Minute) => number): MinuteSeries =>
    counter(catalog.toolCalls, { ...tool, status }, minutes.map(of));
  const failed = (error_type: "tool_error" | "timeout" | "connection" | "circuit_open"): MinuteSeries =>
    counter(
      catalog.toolCallErrors,
      { ...tool, error_type },
      minutes.map((minute) => minute[error_type]),
    );
  return {
    breaker,
    away,
    calls: minutes.map((minute) => Object.values(minute).reduce((sum, count) => sum + count, 0)),
    series: [
      called("success", ({ success }) => success),
      called("error", ({ tool_error, connection, circuit_open }) => tool_error + connection + circuit_open),
      called("timeout", ({ timeout }) => timeout),
      called("cancelled", ({ cancelled }) => cancelled),
      called("rejected", ({ rejected }) => rejected),
      failed("tool_error"),
      failed("timeout"),
      failed("connection"),
      failed("circuit_open"),
      ...histogram(catalog.toolCallDuration, tool, all, { "3.0": slow3, "5.0": slow5 }),
      ...requestsOf(world, server, away),
    ],
  };
}

interface Situation {
  readonly calls: number;
  /** Further calls that an agent makes wrongly. */
  readonly mistaken: number;
  /** While nothing reaches the server: how many calls are tried in vain before the breaker refuses the rest. */
  readonly reach: number | undefined;
  readonly crashed: boolean;
}

function outcomesOf({ calls, mistaken, reach, crashed }: Situation, { fleet, by }: GatewayWorld): Minute {
  const cancelled = someOf(calls, OF_CALLS.cancelled, by);
  const rejected = someOf(calls - cancelled, OF_CALLS.rejected, by);
  const served = calls - cancelled - rejected;
  if (reach !== undefined) {
    const connection = Math.min(served, reach);
    return {
      success: 0,
      tool_error: 0,
      timeout: 0,
      connection,
      circuit_open: served - connection,
      cancelled,
      rejected,
    };
  }
  const failures = someOf(served, fleet.failing, by);
  const timeout = someOf(failures, OF_FAILURES.timeout, by);
  const lost = crashed ? someOf(served - failures, LOST_IN_A_CRASH, by) : 0;
  const connection = someOf(failures - timeout, OF_FAILURES.connection, by);
  return {
    success: served - failures - lost,
    tool_error: failures - timeout - connection + mistaken,
    timeout,
    connection: connection + lost,
    circuit_open: 0,
    cancelled,
    rejected,
  };
}

/** Agents read resources that are not there as they call tools wrongly. */
function requestsOf(
  { fleet, by, each, rare, counter }: GatewayWorld,
  server: ServerModel,
  away: ReadonlySet<number>,
): readonly MinuteSeries[] {
  const requests = server.load.map((calls) => by.times(REQUESTS * calls));
  const stubborn = rare((REQUESTS * fleet.stubbornAgentsADay) / fleet.servers);
  const failed = requests.map((count, minute) => (away.has(minute) ? count : someOf(count, fleet.failing, by)));
  const missing = each((minute) => (stubborn.has(minute) ? 3 + Math.floor(6 * by.next()) : 0));
  const labels = { ...server.labels, method: "resources/read" };
  return [
    counter(
      catalog.requests,
      { ...labels, status: "success" },
      requests.map((count, minute) => count - (failed[minute] ?? 0)),
    ),
    counter(
      catalog.requests,
      { ...labels, status: "error" },
      failed.map((count, minute) => count + (missing[minute] ?? 0)),
    ),
  ];
}
