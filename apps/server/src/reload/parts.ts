import type { Discovery, Gateway } from "@mcp-hangar/core";
import type { AccessSystem } from "../access/create-access.ts";
import type { ReloadableKey } from "../config/reloadable.ts";
import { discoveryPart } from "../discovery/discovery-part.ts";
import type { Logging } from "../logging/logging.ts";
import { type FileWatch, settlingMs } from "./file-watch.ts";
import { follow, type ReloadPart } from "./part.ts";
import { serversPart } from "./servers-part.ts";

/** What follows the configuration. */
export interface Followers {
  readonly gateway: Gateway;
  readonly discovery: Discovery;
  readonly accessSystem: AccessSystem;
  readonly logging: Logging;
  readonly watch: FileWatch;
  /** Path of the configuration. */
  readonly file: string;
}

/** For what looks into the reloader's configuration whenever it needs it. */
const readWhenUsed: ReloadPart = () => () => {};

/** One part for each key that can be reloaded. */
export function createReloadParts({
  gateway,
  discovery,
  accessSystem,
  logging,
  watch,
  file,
}: Followers): Readonly<Record<ReloadableKey, ReloadPart>> {
  const access = follow(
    (config) => config.auth,
    (auth) => accessSystem.configure(auth),
  );
  return {
    mcp_servers: serversPart(gateway.fleet, file),
    execution: follow(
      (config) => config.execution,
      (execution) => gateway.configure({ execution }),
    ),
    rate_limit: follow(
      (config) => config.rate_limit,
      (rateLimit) => gateway.configure({ rateLimit }),
    ),
    circuit_breaker: follow(
      (config) => config.circuit_breaker,
      (circuitBreaker) => gateway.configure({ circuitBreaker }),
    ),
    tasks: follow(
      (config) => config.tasks,
      (tasks) => gateway.configure({ tasks }),
    ),
    discovery: discoveryPart(discovery),
    "auth.roles": access,
    "auth.api_keys.static": access,
    "auth.lockout": access,
    management: readWhenUsed,
    mcp: readWhenUsed,
    "http.shutdown_timeout_s": readWhenUsed,
    "http.max_connections": readWhenUsed,
    "http.max_connections_per_address": readWhenUsed,
    "http.write_timeout_s": readWhenUsed,
    "http.max_buffered_bytes": readWhenUsed,
    "http.max_buffered_bytes_per_caller": readWhenUsed,
    "logging.level": follow(
      (config) => config.logging.level,
      (level) => logging.setLevel(level),
    ),
    config_reload: follow(
      (config) => config.config_reload,
      (options) => watch.watch(settlingMs(options)),
    ),
  };
}
