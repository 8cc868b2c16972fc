import { catalog } from "@mcp-hangar/telemetry";
import { runtime } from "../../src/promql/external.ts";
import { BEGIN, type MinuteSeries } from "./backfilled.ts";
import type { GatewayWorld } from "./world.ts";

/** What a gateway has of everything that can run out: a container of 512 MB, and the limits that Node.js and Debian give. */
const MOST = { memory: 5.12e8, heap: 2.6e8, files: 1_024 } as const;
/** A file descriptor for each client, and what listeners, servers and logs take. */
const FILES = { own: 60, aClient: 1, aRush: 3 } as const;
/** How long a client uses a session, in minutes. */
const SESSION_MINUTES = 12;

/**
 * What a gateway uses of its memory, files, thread and sessions, what it refuses and how its clock goes, while nothing is wrong: garbage is
 * collected late, a large result fills the heap and holds the event loop up for a minute or two, clients come all at once
 * after a network was away, some stop reading, and a virtual machine is moved, which makes its clock a second or three late.
 */
export function limitsOf(world: GatewayWorld): readonly MinuteSeries[] {
  const { fleet, by, load, each, spells } = world;
  const large = spells(0.5, 2);
  const rush = spells(0.3, 3);
  const clients = load.map((calls) =>
    Math.ceil((fleet.clients * calls) / fleet.callsAMinute / 2 + by.times(fleet.clients / 10)),
  );
  return [
    ...memoryOf(world, large),
    ...clientsOf(world, { rush, clients }),
    ...sessionsOf(world),
    ...clockOf(world),
    world.gauge(
      runtime.eventLoopLagP99,
      {},
      each((minute) => {
        const isBusy = large.has(minute) || rush.has(minute) || (world.age[minute] ?? 0) < 2;
        return isBusy ? 0.2 + by.next() : 0.011 + 0.0002 * (clients[minute] ?? 0) * by.next();
      }),
    ),
  ];
}

/** Resident memory grows to what the busiest minute needs and is given back slowly; the heap goes up and down like a saw. */
function memoryOf({ by, age, each, gauge }: GatewayWorld, large: ReadonlySet<number>): readonly MinuteSeries[] {
  let garbage = 0;
  const heap = each((minute) => {
    garbage = age[minute] === 0 || garbage > 0.35 ? 0 : garbage + 0.02 * by.next();
    return large.has(minute) ? 0.85 + 0.1 * by.next() : 0.25 + garbage;
  });
  let peak = 0;
  const resident = heap.map((used, minute) => {
    peak = age[minute] === 0 ? 0 : Math.max(used, 0.98 * peak);
    return Math.min(0.93, 0.25 + 0.18 * (1 - 1 / (1 + (age[minute] ?? 0) / 600)) + 0.5 * peak);
  });
  return [
    gauge(
      runtime.processResidentMemory,
      {},
      resident.map((share) => Math.round(share * MOST.memory)),
    ),
    gauge(
      runtime.memoryLimit,
      {},
      each(() => MOST.memory),
    ),
    gauge(
      runtime.heapUsed,
      {},
      heap.map((share) => Math.round(share * MOST.heap)),
    ),
    gauge(
      runtime.heapLimit,
      {},
      each(() => MOST.heap),
    ),
  ];
}

function clientsOf(
  { fleet, by, each, rare, gauge, counter }: GatewayWorld,
  { rush, clients }: { readonly rush: ReadonlySet<number>; readonly clients: readonly number[] },
): readonly MinuteSeries[] {
  const unread = rare(1);
  return [
    gauge(
      runtime.processOpenFds,
      {},
      each((minute) => {
        const each = rush.has(minute) ? FILES.aRush : FILES.aClient;
        return Math.min(0.93 * MOST.files, FILES.own + each * (clients[minute] ?? 0)) + by.times(5);
      }),
    ),
    gauge(
      runtime.processMaxFds,
      {},
      each(() => MOST.files),
    ),
    counter(
      catalog.loadShed,
      { reason: "unread_answer" },
      each((minute) => (unread.has(minute) ? 1 + by.times(1) : 0)),
    ),
    counter(
      catalog.loadShed,
      { reason: "connections" },
      each((minute) => (rush.has(minute) ? by.times(fleet.clients / 60) : 0)),
    ),
  ];
}

/** Clients of one server have sessions of their own. They come by chance, now and then several at once, and stay for a while. */
function sessionsOf({ fleet, by, load, rare, each, gauge }: GatewayWorld): readonly MinuteSeries[] {
  const labels = { mcp_server: "server-0" };
  const course = rare(0.2);
  let open = 0;
  const inUse = each((minute) => {
    const expected = (0.2 * fleet.sessionsMax * (load[minute] ?? 0)) / fleet.callsAMinute;
    const left = Math.min(open, by.times(open / SESSION_MINUTES));
    const came = by.times(expected / SESSION_MINUTES) + (course.has(minute) ? by.times(fleet.sessionsMax / 4) : 0);
    open = Math.min(fleet.sessionsMax, open - left + came);
    return open;
  });
  return [
    gauge(catalog.serverSessions, { ...labels, use: "in_use" }, inUse),
    gauge(
      catalog.serverSessions,
      { ...labels, use: "idle" },
      inUse.map((used) => Math.min(fleet.sessionsMax - used, by.times(used / 2))),
    ),
    gauge(
      catalog.serverSessionsMax,
      labels,
      each(() => fleet.sessionsMax),
    ),
  ];
}

/** A clock that is wrong by a moment, until the machine has set it right. */
function clockOf({ by, each, spells, gauge }: GatewayWorld): readonly MinuteSeries[] {
  const moved = spells(0.3, 5);
  let lag = 0;
  const late = each((minute) => {
    lag = moved.has(minute) ? lag || 1 + 2 * by.next() : 0;
    return lag + 0.05 * by.next();
  });
  return [
    gauge(
      runtime.clock,
      {},
      late.map((seconds, minute) => Math.round(1_000 * (BEGIN + 60 * minute - seconds)) / 1_000),
    ),
    // The greatest step of a quarter of an hour.
    gauge(
      catalog.auditClockStep,
      {},
      each((minute) =>
        Math.max(...late.slice(Math.max(0, minute - 15), minute + 1).map((seconds) => (seconds > 1 ? seconds : 0))),
      ),
    ),
  ];
}
