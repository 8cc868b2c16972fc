import { BlockList, isIP } from "node:net";
import { type AddressRange, rangeOf } from "../../address-range.ts";

/**
 * Addresses that are no place on the internet, after the special-purpose registries of IANA (RFC 6890 and its updates).
 * Ranges that translate to IPv4 in ways nobody uses any more are refused whole: 6to4, Teredo, IPv4-compatible.
 */
const SPECIAL: readonly (readonly [what: string, ...ranges: readonly string[]])[] = [
  ["an unspecified address", "0.0.0.0/8", "::/128"],
  ["a loopback address", "127.0.0.0/8", "::1/128"],
  ["a link-local address", "169.254.0.0/16", "fe80::/10"],
  ["a private address", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"],
  ["an address shared by customers of a carrier", "100.64.0.0/10"],
  ["a multicast address", "224.0.0.0/4", "ff00::/8"],
  ["a reserved address", "192.0.0.0/24", "240.0.0.0/4", "100::/64", "2001::/23", "5f00::/16"],
  ["an address for documentation", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"],
  ["an address for benchmarks", "198.18.0.0/15"],
  ["an address that stands for another", "192.88.99.0/24", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2002::/16"],
];

/** Where clouds hand out credentials: even an allowed range around such an address does not include it. */
const METADATA: readonly string[] = [
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
];

/** IPv6 prefixes behind which an IPv4 address is that very address: mapped, and translated by a NAT64 (RFC 6052). */
const SAME_IN_IPV6: readonly string[] = ["::ffff:", "64:ff9b::"];

/** Built for the first guard there is: most gateways have none. */
let lists: Lists | undefined;

interface Lists {
  readonly special: readonly { readonly what: string; readonly ranges: BlockList }[];
  readonly metadata: BlockList;
}

/** Refuses connections to addresses that are not public, unless they are allowed. */
export class AddressGuard {
  readonly #lists: Lists;
  readonly #allowed: BlockList;
  readonly #allowedAlone: BlockList;

  /** `allow` has ranges such as `10.1.0.0/16`; an address where clouds hand out credentials has to stand alone. */
  constructor(allow: readonly string[]) {
    lists ??= {
      special: SPECIAL.map(([what, ...ranges]) => ({ what, ranges: listOf(ranges.map(known)) })),
      metadata: listOf(METADATA.map(known)),
    };
    this.#lists = lists;
    const ranges = allow.map(known);
    this.#allowed = listOf(ranges);
    this.#allowedAlone = listOf(ranges.filter(({ prefix, family }) => prefix === (family === "ipv4" ? 32 : 128)));
  }

  /** What is wrong with the address, such as "a loopback address"; `undefined` when it may be connected to. */
  objection(address: string): string | undefined {
    const version = isIP(address);
    if (version === 0) return "no address";
    const [plain = ""] = address.split("%");
    const family = version === 4 ? "ipv4" : "ipv6";
    if (this.#lists.metadata.check(plain, family)) {
      return this.#allowedAlone.check(plain, family) ? undefined : "an address where clouds hand out credentials";
    }
    if (this.#allowed.check(plain, family)) return undefined;
    return this.#lists.special.find(({ ranges }) => ranges.check(plain, family))?.what;
  }
}

function known(text: string): AddressRange {
  const range = rangeOf(text);
  if (range === undefined) throw new TypeError(`${JSON.stringify(text)} is not an address range`);
  return range;
}

function listOf(ranges: readonly AddressRange[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of ranges) {
    list.addSubnet(address, prefix, family);
    if (family === "ipv4") {
      for (const before of SAME_IN_IPV6) list.addSubnet(`${before}${address}`, prefix + 96, "ipv6");
    }
  }
  return list;
}
