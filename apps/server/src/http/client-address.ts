import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

/** How a proxy says on whose behalf it asks. */
export const FORWARDED_HEADERS = ["x-forwarded", "forwarded"] as const;

export interface TrustedProxies {
  /** CIDR ranges or addresses. */
  readonly ranges: readonly string[];
  /** Which headers proxies set: a proxy replaces those it knows, and passes what clients sent under other names. */
  readonly header: (typeof FORWARDED_HEADERS)[number];
}

/** What is known of the client of a request. */
export interface RequestOrigin {
  /** The address of the client, without a port; empty when the connection is gone. */
  address(request: IncomingMessage): string;
  /** The scheme by which the client asked. */
  scheme(request: IncomingMessage): "http" | "https";
}

/** Hops that are followed; a longer chain is somebody's joke. */
const HOPS_MAX = 20;

/**
 * Finds out who a request comes from. Only trusted proxies are believed, and of what they say only the part that they
 * added: the rightmost address that is not itself one of theirs.
 */
export function requestOrigin({ ranges, header }: TrustedProxies): RequestOrigin {
  const isTrusted = addressSet(ranges);
  const hops = header === "forwarded" ? forwardedHops : xForwardedHops;
  // Most requests come from where the last one came from.
  let last = { text: "", address: "" };
  const peer = ({ socket: { remoteAddress: text = "" } }: IncomingMessage): string => {
    if (text !== last.text) last = { text, address: plainAddress(text) };
    return last.address;
  };

  return {
    address(request) {
      let address = peer(request);
      if (!isTrusted(address)) return address;
      for (const { from } of hops(request).toReversed().slice(0, HOPS_MAX)) {
        // A proxy that does not know whom it serves ends the chain.
        if (from === undefined) return address;
        address = from;
        if (!isTrusted(address)) return address;
      }
      return address;
    },
    scheme(request) {
      // An attribute of TLS sockets only.
      const isTls = (request.socket as { readonly encrypted?: boolean }).encrypted === true;
      if (!isTrusted(peer(request))) return isTls ? "https" : "http";
      const scheme = hops(request).at(-1)?.scheme;
      return scheme ?? (isTls ? "https" : "http");
    },
  };
}

/** Tells whether an address is one of those, or in one of the ranges. */
export function addressSet(ranges: readonly string[]): (address: string) => boolean {
  const set = new BlockList();
  for (const range of ranges) addRange(set, range);
  return (address) => {
    if (ranges.length === 0) return false;
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && set.check(plain, isIPv4(plain) ? "ipv4" : "ipv6");
  };
}

/** Whether text is an address or a range that {@link requestOrigin} takes. */
export function isAddressRange(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  if (bits === -1 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}

interface Hop {
  readonly from: string | undefined;
  readonly scheme: "http" | "https" | undefined;
}

function addRange(list: BlockList, range: string): void {
  const [address = "", prefix] = range.split("/");
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}

function xForwardedHops({ headers }: IncomingMessage): readonly Hop[] {
  const froms = listOf(headers["x-forwarded-for"]);
  const schemes = listOf(headers["x-forwarded-proto"]);
  const scheme = schemeOf(schemes.at(-1));
  if (froms.length === 0) return [{ from: undefined, scheme }];
  return froms.map((from) => ({ from: addressOf(from), scheme }));
}

/** RFC 7239: `for=192.0.2.60;proto=https, for="[2001:db8::1]:4711"`. */
function forwardedHops({ headers }: IncomingMessage): readonly Hop[] {
  return listOf(headers.forwarded).map((element) => {
    const pairs = new Map(
      element.split(";").map((pair) => {
        const equals = pair.indexOf("=");
        return [
          pair.slice(0, equals).trim().toLowerCase(),
          pair
            .slice(equals + 1)
            .trim()
            .replace(/^"(.*)"$/s, "$1"),
        ];
      }),
    );
    return { from: addressOf(pairs.get("for") ?? ""), scheme: schemeOf(pairs.get("proto")) };
  });
}

function listOf(value: string | string[] | undefined): readonly string[] {
  const text = Array.isArray(value) ? value.join(",") : (value ?? "");
  return text === "" ? [] : text.split(",").map((part) => part.trim());
}

function schemeOf(text: string | undefined): "http" | "https" | undefined {
  const lower = text?.toLowerCase();
  return lower === "http" || lower === "https" ? lower : undefined;
}

/** An address as proxies write it: with a port, in brackets; `undefined` for `unknown`, a pseudonym or nonsense. */
function addressOf(text: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|(\d{1,3}(?:\.\d{1,3}){3}))(?::\d{1,5})?$|^([0-9a-f:.]{2,45})$/i.exec(text);
  const address = match?.[1] ?? match?.[2] ?? match?.[3];
  return address !== undefined && isIP(address) !== 0 ? plainAddress(address) : undefined;
}

/** IPv4 inside IPv6 is the IPv4 address, and a zone is no part of who it is. */
export function plainAddress(address: string): string {
  const [bare = ""] = address.toLowerCase().split("%");
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(bare)?.[1] ?? bare;
}
