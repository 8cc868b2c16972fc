import { addressKey } from "../http/address-key.ts";
import type { RequestOrigin } from "../http/client-address.ts";
import { type Access, ANONYMOUS_CALLER, type Identification, OPEN_ACCESS } from "./access.ts";

/** Addresses that are remembered with their callers; the first of them makes room. */
const ADDRESSES_MAX = 1_000;

/**
 * Access without authentication: everybody may do everything. The listener refuses to bind beyond loopback with it. Callers are all
 * the same, but for the address, by which none of them takes more than a share.
 */
export function openAccess(origin: Pick<RequestOrigin, "address">): Access {
  const known = new Map<string, Identification>();
  const remember = (address: string): Identification => {
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= ADDRESSES_MAX) known.delete(oldest);
    const identification: Identification = {
      kind: "caller",
      caller: { ...ANONYMOUS_CALLER, address: addressKey(address) },
    };
    known.set(address, identification);
    return identification;
  };
  return {
    ...OPEN_ACCESS,
    identify(request) {
      const address = origin.address(request);
      return known.get(address) ?? remember(address);
    },
  };
}
