import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import type { AddressGuard } from "./address-guard.ts";
import type { TlsConnect } from "./tls-files.ts";

/** A connection was not made, because of the address it would have gone to. */
export class AddressRefusedError extends Error {
  readonly code = "ADDRESS_REFUSED";

  constructor(where: string, objection: string) {
    super(
      `${where} ${objection}, and this server may not have one: if it is meant to be there, allow it in ` +
        "address_guard.allow of the server, in allow_addresses of its discovery source, or in management.runtime_addresses " +
        "when it was registered at run time",
    );
    this.name = "AddressRefusedError";
  }
}

/** Resolves a name to all its addresses, as `dns.lookup` does. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** What a connector needs beside the guard. */
export interface ConnectSettings {
  readonly tls: TlsConnect | undefined;
  readonly timeoutMs: number;
  /** The resolver of the system unless told. */
  readonly resolve?: Resolve | undefined;
}

/**
 * Makes connections for undici, to addresses that the guard has nothing against. The addresses that are examined are
 * those that are connected to: a name that resolves to others a moment later (DNS rebinding) gains nothing by it.
 */
export function guardedConnector(guard: AddressGuard, settings: ConnectSettings): buildConnector.connector {
  const connect = buildConnector({
    ...settings.tls,
    allowH2: false,
    timeout: settings.timeoutMs,
    lookup: guardedLookup(guard, settings.resolve ?? systemLookup),
  });
  return (options, callback) => {
    // A host that is an address is connected to without a lookup. Numbers such as 0x7f000001 are addresses by now: URL
    // has read them.
    const hostname = options.hostname.replace(/^\[|\]$/g, "");
    const objection = isIP(hostname) === 0 ? undefined : guard.objection(hostname);
    if (objection === undefined) connect(options, callback);
    else callback(new AddressRefusedError(`${hostname} is`, objection), null);
  };
}

function guardedLookup(guard: AddressGuard, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = error ?? refuseAddresses(hostname, addresses, guard);
      if (refused !== undefined) return callback(refused, []);
      const [first] = addresses;
      if (first === undefined) return callback(null, []);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Why a name with these addresses is not connected to. One that is refused is enough: who answers so is up to something. */
export function refuseAddresses(
  hostname: string,
  addresses: readonly LookupAddress[],
  guard: AddressGuard,
): Error | undefined {
  if (addresses.length === 0) return new Error(`${hostname} has no address`);
  for (const { address } of addresses) {
    const objection = guard.objection(address);
    if (objection !== undefined) return new AddressRefusedError(`${hostname} resolves to ${address},`, objection);
  }
  return undefined;
}
