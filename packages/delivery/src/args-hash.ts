import type { CallFinished, Sensitive } from "@mcp-hangar/telemetry";
import { canonicalJson } from "./canonical-json.ts";
import type { KeyedHash } from "./keyed-hash.ts";

/** Bytes of a request beyond which its arguments are not digested: canonical JSON of more takes long. */
const HASHED_BYTES_MAX = 65_536;

/** Whether the arguments of a request of this size are digested; not those of one that never left the gateway, which has no size. */
export function isHashed(requestBytes: number | undefined): requestBytes is number {
  return requestBytes !== undefined && requestBytes <= HASHED_BYTES_MAX;
}

/**
 * Digest by which equal arguments are recognised without being recorded: HMAC-SHA-256 of their canonical JSON (RFC 8785), in hexadecimal.
 * The key keeps those who read it from trying likely arguments. It takes some microseconds a kilobyte: not for the caller's time.
 */
export function argsHash(args: Sensitive<unknown> | undefined, key: KeyedHash): string {
  const value = args?.reveal({ exporter: "args_hash", capture: true }) ?? {};
  // The arguments of a tool are an object; where a caller sends something else, it is that in a list.
  return key.of(canonicalJson(typeof value === "object" ? value : [value]));
}

/** The same for a finished call; `undefined` where nothing was sent, or too much. */
export function argsHashOf({ arguments: args, attempts }: CallFinished, key: KeyedHash): string | undefined {
  return isHashed(attempts.at(-1)?.requestBytes) ? argsHash(args, key) : undefined;
}
