/**
 * Keys that a reload puts into force, each with everything below it. Whatever else changes in the file needs a restart.
 * Each has an entry in `reload/parts.ts`; a key without one does not compile.
 */
export const RELOADABLE = [
  "mcp_servers",
  "execution",
  "rate_limit",
  "circuit_breaker",
  "tasks",
  "discovery",
  "auth.roles",
  "auth.api_keys.static",
  "auth.lockout",
  "management",
  "mcp",
  "http.shutdown_timeout_s",
  "http.max_connections",
  "http.max_connections_per_address",
  "http.write_timeout_s",
  "http.max_buffered_bytes",
  "http.max_buffered_bytes_per_caller",
  "logging.level",
  "config_reload",
] as const;
export type ReloadableKey = (typeof RELOADABLE)[number];

/** Whether a change of the key at `path` (`logging.level`) takes effect with a reload. */
export function isReloadable(path: string): boolean {
  return RELOADABLE.some((key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`));
}
