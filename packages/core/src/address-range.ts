import { isIP } from "node:net";
import { z } from "zod";

/** A range of IP addresses as it is configured: `10.0.0.0/8`, `fd00::/8`, or one address. */
export const addressRange = z
  .string()
  .max(100)
  .refine((text) => rangeOf(text) !== undefined, "an address range such as 10.0.0.0/8 or fd00::/8, or one address");

/** A range of IP addresses, read. */
export interface AddressRange {
  readonly address: string;
  /** Bits that the addresses of the range have in common. */
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/** Reads `address/prefix`, or one address; `undefined` when the text is neither. */
export function rangeOf(text: string): AddressRange | undefined {
  const [address = "", prefixText, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes("%")) return undefined;
  const bits = version === 4 ? 32 : 128;
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  return prefix <= bits ? { address, prefix, family: version === 4 ? "ipv4" : "ipv6" } : undefined;
}
