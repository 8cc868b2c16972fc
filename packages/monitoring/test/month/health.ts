import { catalog } from "@mcp-hangar/telemetry";
import type { MinuteSeries } from "./backfilled.ts";
import type { Calls } from "./calls.ts";
import type { ServerModel } from "./servers.ts";
import { type GatewayWorld, someOf } from "./world.ts";

/** Minutes without a call after which a server is stopped; the next call starts it. */
const IDLE_MINUTES = 5;
/** Of the starts this share fails once before it succeeds. */
const FAILED_STARTS = 0.005;
/** Of the health checks of a server, of which there is one a minute, this share is slow by chance. */
const SLOW_CHECKS = 0.001;

const LEVEL = { cold: 0, ready: 2, degraded: 3, dead: 4 } as const;

/** Whether a server runs, how it is started and stopped, and what its health checks say. */
export function healthOf(
  world: GatewayWorld,
  { labels, mode, crashes }: ServerModel,
  { calls, breaker, away }: Omit<Calls, "series">,
): readonly MinuteSeries[] {
  const { fleet, by, each, rare, spells, gauge, counter, histogram } = world;
  const lives = livesOf(world, crashes, calls);
  const shaky = rare(fleet.shakyChecksADay / fleet.servers);
  const slow = spells(0.1, 2);
  const checks = lives.map(({ state }) => (state === "ready" ? 1 : 0));
  // One that is cold is not checked, and nobody knows that it is away.
  const isMissing = (minute: number): boolean => away.has(minute) && lives[minute]?.state === "ready";
  let missed = 0;
  const failures = each((minute) => {
    missed = isMissing(minute) ? missed + 1 : 0;
    return Math.max(missed, shaky.has(minute) ? 2 : shaky.has(minute + 1) ? 1 : 0);
  });
  return [
    gauge(
      catalog.serverState,
      labels,
      lives.map(({ state }, minute) => (failures[minute] === 3 ? LEVEL.degraded : LEVEL[state])),
    ),
    gauge(
      catalog.serverUp,
      labels,
      lives.map(({ state }, minute) => (state === "dead" || isMissing(minute) ? 0 : 1)),
    ),
    gauge(
      catalog.serverInfo,
      { ...labels, mode, group: "" },
      each(() => 1),
    ),
    gauge(catalog.healthCheckConsecutiveFailures, labels, failures),
    ...histogram(catalog.healthCheckDuration, labels, checks, {
      "5.0": checks.map((count, minute) => (slow.has(minute) ? count : someOf(count, SLOW_CHECKS, by))),
    }),
    gauge(catalog.circuitBreakerState, labels, breaker),
    counter(
      catalog.serverStarts,
      { ...labels, result: "success" },
      lives.map(({ started }) => (started ? 1 : 0)),
    ),
    counter(
      catalog.serverStarts,
      { ...labels, result: "failure" },
      lives.map(({ started }) => (started && by.happens(FAILED_STARTS) ? 1 : 0)),
    ),
    counter(
      catalog.serverStops,
      { ...labels, reason: "crashed" },
      each((minute) => (crashes.has(minute) ? 1 : 0)),
    ),
  ];
}

interface Life {
  readonly state: "cold" | "ready" | "dead";
  /** Whether it was started in this minute. */
  readonly started: boolean;
}

/** A server is started by a call, and by itself after a crash; it ends with the gateway, and when nobody has called for a while. */
function livesOf(
  { each, restarts }: GatewayWorld,
  crashes: ReadonlySet<number>,
  calls: readonly number[],
): readonly Life[] {
  let [isReady, lastCall] = [false, 0];
  return each((minute): Life => {
    const isCalled = (calls[minute] ?? 0) > 0;
    if (isCalled) lastCall = minute;
    if (restarts.has(minute) || minute - lastCall >= IDLE_MINUTES) isReady = false;
    if (crashes.has(minute)) {
      isReady = false;
      return { state: "dead", started: false };
    }
    const started = !isReady && (isCalled || crashes.has(minute - 1));
    isReady ||= started;
    return { state: isReady ? "ready" : "cold", started };
  });
}
