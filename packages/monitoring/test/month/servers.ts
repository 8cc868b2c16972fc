import { catalog } from "@mcp-hangar/telemetry";
import type { MinuteSeries } from "./backfilled.ts";
import { callsOf } from "./calls.ts";
import { healthOf } from "./health.ts";
import type { GatewayWorld } from "./world.ts";

/** Calls a minute to the remote server at most: it is the one that is seldom called. */
const REMOTE_CALLS = { share: 0.05, most: 4 } as const;

/** One server of a gateway. */
export interface ServerModel {
  readonly labels: { readonly mcp_server: string };
  readonly mode: "subprocess" | "remote";
  /** Calls a minute that are expected. */
  readonly load: readonly number[];
  /** Minutes in which nothing reaches it, as long as nobody tries again and again: its network or its host is away. */
  readonly away: ReadonlySet<number>;
  /** Minutes in which its process has crashed. */
  readonly crashes: ReadonlySet<number>;
}

/**
 * Servers have the same names on every gateway of a fleet, as they have the same configuration. Those that are called all the time never
 * have an open breaker: it would refuse more than ten calls, which is an incident. The remote one, which few call, has.
 */
export function serversOf(world: GatewayWorld): readonly MinuteSeries[] {
  const { fleet, load, rare, spells, counter, each } = world;
  const remoteLoad = load.map((calls) => Math.min(REMOTE_CALLS.most, REMOTE_CALLS.share * calls));
  const local = Array.from(
    { length: fleet.servers },
    (_, server): ServerModel => ({
      labels: { mcp_server: `server-${server}` },
      mode: "subprocess",
      load: load.map((calls, minute) => (calls - (remoteLoad[minute] ?? 0)) / fleet.servers),
      away: new Set(),
      crashes: rare(fleet.crashesAWeek / 7 / fleet.servers),
    }),
  );
  const remote: ServerModel = {
    labels: { mcp_server: "remote" },
    mode: "remote",
    load: remoteLoad,
    away: spells(fleet.remoteOutagesAWeek / 7, 3),
    crashes: new Set(),
  };
  const updated = rare(fleet.remoteUpdatesAWeek / 7);
  return [
    ...[...local, remote].flatMap((server) => {
      const { series, ...called } = callsOf(world, server);
      return [...series, ...healthOf(world, server, called)];
    }),
    counter(
      catalog.toolDefinitionsChanged,
      { mcp_server: "remote", change: "changed" },
      each((minute) => (updated.has(minute) ? 1 : 0)),
    ),
  ];
}
