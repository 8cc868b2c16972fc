import { isDeepStrictEqual } from "node:util";
import { isReloadable } from "../config/reloadable.ts";
import type { Config } from "../config/schema.ts";

/** A server that is in both configurations and differs. */
export interface ChangedServer {
  readonly id: string;
  /** What differs, such as `tools.deny`. */
  readonly keys: readonly string[];
}

/** What is different between two configurations, by what becomes of it. */
export interface ConfigChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ChangedServer[];
  /** Keys outside of `mcp_servers` that a reload puts into force, such as `rate_limit.burst`. */
  readonly settings: readonly string[];
  /** Keys that stay as they are until the gateway is restarted. */
  readonly needRestart: readonly string[];
}

/** Compares the configuration in force with another. Both are whole: every default is filled in. */
export function diffConfigs(inForce: Config, next: Config): ConfigChanges {
  const { mcp_servers: oldServers, ...oldRest } = inForce;
  const { mcp_servers: newServers, ...newRest } = next;
  const keys = differences(oldRest, newRest);
  return {
    added: Object.keys(newServers).filter((id) => !Object.hasOwn(oldServers, id)),
    removed: Object.keys(oldServers).filter((id) => !Object.hasOwn(newServers, id)),
    changed: Object.entries(newServers).flatMap(([id, server]) => {
      const changedKeys = Object.hasOwn(oldServers, id) ? differences(oldServers[id], server) : [];
      return changedKeys.length > 0 ? [{ id, keys: changedKeys }] : [];
    }),
    settings: keys.filter((key) => isReloadable(key)),
    needRestart: keys.filter((key) => !isReloadable(key)),
  };
}

/** The changes in a sentence without secrets: names of servers and keys only. */
export function describeChanges(changes: ConfigChanges): string {
  return describeParts(changes).join("; ");
}

/** As {@link describeChanges}, one part for each thing that becomes of keys and servers. */
export function describeParts(changes: ConfigChanges): readonly string[] {
  const parts = [
    list("added", changes.added),
    list("removed", changes.removed),
    list(
      "changed",
      changes.changed.map(({ id, keys }) => `${id} (${keys.join(", ")})`),
    ),
    list("settings", changes.settings),
    list("needs a restart", changes.needRestart),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? ["nothing is different"] : parts;
}

function list(name: string, items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : `${name}: ${items.join(", ")}`;
}

/** Paths below which two values differ. Lists are compared as a whole. */
function differences(old: unknown, next: unknown, path = ""): readonly string[] {
  if (!isSection(old) || !isSection(next)) return isDeepStrictEqual(old, next) ? [] : [path];
  const names = new Set([...Object.keys(old), ...Object.keys(next)]);
  return [...names].flatMap((name) => differences(old[name], next[name], path === "" ? name : `${path}.${name}`));
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
