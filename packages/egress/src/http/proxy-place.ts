import { isIP } from "node:net";
import type { HttpProxy } from "../proxy.ts";

/** Where a proxy is, for `connect` of `node:net` and `node:tls`. */
export function placeOf({ url, name }: HttpProxy): {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
} {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  // Its own name, not that of the host behind it, which Node.js would take from the Host header. Addresses are no server names.
  return { host, port: Number(name.slice(name.lastIndexOf(":") + 1)), servername: isIP(host) === 0 ? host : "" };
}
