import { isIPv6 } from "node:net";
import { plainAddress } from "./client-address.ts";

/** Bits of an IPv6 address by which networks are told apart; within them a client may take any address it likes. */
const NETWORK_GROUPS = 4;

/** Under what an address counts: IPv4 as it is, IPv6 by its network of 64 bits. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}
