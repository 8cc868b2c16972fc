import { isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { type HostName, isLoopback, parseHost } from "./host-names.ts";

/** Host headers that were found good and need no second look; there are few, and a limit on them is a limit on memory. */
const REMEMBERED_MAX = 64;
/** How long the addresses of the machine are taken to be the same, in ms: asking for them on each refusal would be a load. */
const ADDRESSES_MS = 1_000;

/** What decides for which hosts a listener answers. */
export interface ServedHostsOptions {
  /** The address or name that the listener is bound to. */
  readonly boundTo: string;
  /** Names and addresses of the configuration, with or without a port. */
  readonly allowed: readonly string[];
  /** Addresses of this machine now. */
  readonly ownAddresses: () => readonly string[];
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/**
 * Whether a Host header names this gateway: by a loopback name, by the address it is bound to (bound to all, by any address of
 * the machine, as a Kubernetes probe does), or by a name that the configuration lists. Of other names anybody can be the owner.
 */
export function servedHosts({ boundTo, allowed, ownAddresses, nowMs }: ServedHostsOptions): (host: string) => boolean {
  const listed = allowed.map(parseHost).filter((host) => host !== undefined);
  const bound = plain(boundTo);
  const isBoundToAll = bound === "0.0.0.0" || bound === "::";
  const good = new Set<string>();
  let own: ReadonlySet<string> = new Set();
  let askedMs = Number.NEGATIVE_INFINITY;

  const isOwnAddress = (name: string): boolean => {
    if (isIP(name) === 0) return false;
    if (nowMs() - askedMs >= ADDRESSES_MS) {
      own = new Set(ownAddresses().map(plain));
      askedMs = nowMs();
    }
    return own.has(plain(name));
  };
  const isGood = (host: HostName): boolean =>
    isLoopback(host.name) ||
    isListed(host, listed) ||
    (isBoundToAll ? isOwnAddress(host.name) : plain(host.name) === bound);

  return (text) => {
    if (good.has(text)) return true;
    const host = parseHost(text);
    if (host === undefined || !isGood(host)) return false;
    if (good.size < REMEMBERED_MAX) good.add(text);
    return true;
  };
}

/** The addresses of all network interfaces. */
export function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
}

function isListed({ name, port }: HostName, listed: readonly HostName[]): boolean {
  return listed.some((host) => plain(host.name) === plain(name) && (host.port === undefined || host.port === port));
}

/** One spelling of a name or address: lower case, IPv6 compressed and without brackets and zone. */
function plain(name: string): string {
  const [bare = ""] = name.toLowerCase().replaceAll(/[[\]]/g, "").replace(/\.$/, "").split("%");
  return isIPv6(bare) ? (URL.parse(`http://[${bare}]`)?.hostname.slice(1, -1) ?? bare) : bare;
}
