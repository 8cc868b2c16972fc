import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type Socket } from "node:net";
import { egress, type HttpProxy, type NameResolver } from "@mcp-hangar/egress";
import { openTunnel, ProxyError } from "@mcp-hangar/egress/http";
import { buildConnector } from "undici";
import type { Clock } from "../../platform/platform.ts";
import type { AddressGuard } from "./address-guard.ts";
import { AddressRefusedError, type ConnectSettings, type Resolve, refuseAddresses } from "./guarded-connect.ts";

/** What connections through a proxy need beside it. */
export interface ProxiedSettings extends ConnectSettings {
  readonly clock: Clock;
  /** Which addresses may be behind the proxy; all of them when absent. */
  readonly guard?: AddressGuard | undefined;
  /** Who resolves names that are guarded; what egress says unless told. */
  readonly guardedNames?: NameResolver | undefined;
}

/** Makes connections for undici to a proxy that forwards requests over plain HTTP. */
export function forwardingConnector({ url }: HttpProxy, { timeoutMs }: ProxiedSettings): buildConnector.connector {
  const connect = buildConnector({ allowH2: false, timeout: timeoutMs });
  const { hostname, host, protocol, port } = url;
  const servername = protocol === "https:" && isIP(hostname) === 0 ? { servername: hostname } : {};
  return (_options, callback) => connect({ hostname, host, protocol, port, ...servername }, callback);
}

/**
 * Makes connections for undici within tunnels of a proxy. With a guard, the proxy is asked for an address that was examined, so that a
 * name that resolves otherwise at the proxy gains nothing by it; a literal address is examined in any case.
 */
export function tunnelConnector(proxy: HttpProxy, settings: ProxiedSettings): buildConnector.connector {
  const { tls, timeoutMs, clock } = settings;
  const connect = buildConnector({ ...tls, allowH2: false, timeout: timeoutMs });
  return (options, callback) => {
    const port = options.port !== "" ? options.port : options.protocol === "https:" ? "443" : "80";
    const abort = new AbortController();
    const target = `${options.hostname}:${port}`;
    const late = (): void => abort.abort(ProxyError.silent(proxy, target, timeoutMs / 1_000));
    const cancel = clock.schedule(timeoutMs, late);
    openTo(proxy, { hostname: options.hostname, port, settings, signal: abort.signal }).then(
      (socket) => {
        cancel();
        if (options.protocol === "https:") connect({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => {
        cancel();
        callback(error, null);
      },
    );
  };
}

interface Destination {
  readonly hostname: string;
  readonly port: string;
  readonly settings: ProxiedSettings;
  readonly signal: AbortSignal;
}

async function openTo(proxy: HttpProxy, { hostname, port, settings, signal }: Destination): Promise<Socket> {
  const { guard, timeoutMs } = settings;
  const { guardedNames = egress.rules.guardedNames } = settings;
  let host = hostname;
  if (guard !== undefined) {
    const literal = hostname.replace(/^\[|\]$/g, "");
    const objection = isIP(literal) === 0 ? undefined : guard.objection(literal);
    if (objection !== undefined) throw new AddressRefusedError(`${literal} is`, objection);
    if (isIP(literal) === 0 && guardedNames === "gateway") {
      const address = await examined(hostname, guard, settings.resolve ?? systemLookup);
      host = address.includes(":") ? `[${address}]` : address;
    }
  }
  signal.throwIfAborted();
  return await openTunnel(proxy, `${host}:${port}`, { timeoutMs, signal });
}

/** The first address of a name of which the guard has nothing against any. */
function examined(hostname: string, guard: AddressGuard, resolve: Resolve): Promise<string> {
  return new Promise((settle, reject) => {
    resolve(hostname, { all: true }, (error: Error | null, addresses: readonly LookupAddress[]) => {
      const refused = error ?? refuseAddresses(hostname, addresses, guard);
      const first = refused === undefined ? addresses[0] : undefined;
      if (first === undefined) reject(refused);
      else settle(first.address);
    });
  });
}
