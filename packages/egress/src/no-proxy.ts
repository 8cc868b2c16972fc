import { BlockList, isIP } from "node:net";

/** Whether a host and port are among those that are connected to directly. */
type Matcher = (host: string, port: string) => boolean;

/**
 * Hosts that are connected to without a proxy, as curl and Go read `NO_PROXY`: a name stands for itself and all names below it, with
 * or without a dot or `*.` before it; addresses, ranges (`10.0.0.0/8`) and, as Node.js has them, `10.0.0.1-10.0.0.9` stand for hosts
 * that are written as addresses; a port narrows an entry down; `*` stands for all hosts. Names are compared, never resolved.
 */
export class NoProxy {
  readonly #matchers: readonly Matcher[];

  /** Entries that mean nothing match nothing: {@link noProxyProblem} finds them. */
  constructor(entries: readonly string[]) {
    this.#matchers = entries.map(matcherOf).filter((matcher) => matcher !== undefined);
  }

  /** The entries of a variable: separated by commas or spaces. */
  static entriesOf(text: string): readonly string[] {
    return text.split(/[\s,]+/).filter((entry) => entry !== "");
  }

  /** Whether connections to the host of this URL take no proxy. */
  matches({ hostname, port, protocol }: URL): boolean {
    const host = plain(hostname);
    const actualPort = port === "" ? (protocol === "https:" ? "443" : "80") : port;
    return this.#matchers.some((matches) => matches(host, actualPort));
  }
}

/** Why an entry means nothing, as the end of a sentence; `undefined` when it does. */
export function noProxyProblem(entry: string): string | undefined {
  if (matcherOf(entry) !== undefined) return undefined;
  return "is no host: write a name such as example.com, an address, a range such as 10.0.0.0/8, or *; behind it :port at most";
}

function matcherOf(entry: string): Matcher | undefined {
  const text = entry.trim().toLowerCase();
  if (text === "*") return () => true;
  if (text === "" || text.includes("://")) return undefined;
  if (text.includes("/") || (/^[^-]+-[^-]+$/.test(text) && text.split("-").every((end) => isIP(end) !== 0)))
    return rangeMatcher(text);
  const { name, port } = split(text);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) return undefined;
  const matcher = isIP(name) === 0 ? nameMatcher(name) : addressMatcher(name);
  if (matcher === undefined || port === undefined) return matcher;
  return (host, actual) => Number(port) === Number(actual) && matcher(host, actual);
}

/** A name, or an address of IPv6 with or without brackets, and the port behind it. */
function split(text: string): { readonly name: string; readonly port: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return { name: bracketed[1] ?? "", port: bracketed[2] };
  if (isIP(text) !== 0) return { name: text, port: undefined };
  const colon = text.lastIndexOf(":");
  if (colon < 0) return { name: text, port: undefined };
  return { name: text.slice(0, colon), port: text.slice(colon + 1) };
}

function nameMatcher(name: string): Matcher | undefined {
  const domain = name.replace(/^\*?\./, "").replace(/\.$/, "");
  if (!/^[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?$/u.test(domain)) return undefined;
  // URLs have names of other scripts in their ASCII form.
  const ascii = URL.parse(`http://${domain}`)?.hostname ?? domain;
  return (host) => host === ascii || host.endsWith(`.${ascii}`);
}

function addressMatcher(address: string): Matcher {
  const list = new BlockList();
  list.addAddress(address, family(address));
  return inList(list);
}

function rangeMatcher(text: string): Matcher | undefined {
  const list = new BlockList();
  const [network = "", prefix, ...more] = text.split("/");
  if (prefix !== undefined) {
    if (more.length > 0) return undefined;
    const address = network.replace(/^\[|\]$/g, "");
    if (isIP(address) === 0 || !/^\d{1,3}$/.test(prefix)) return undefined;
    if (Number(prefix) > (isIP(address) === 4 ? 32 : 128)) return undefined;
    list.addSubnet(address, Number(prefix), family(address));
    return inList(list);
  }
  const [first = "", last = ""] = text.split("-");
  if (isIP(first) !== isIP(last)) return undefined;
  try {
    list.addRange(first, last, family(first));
  } catch {
    // The end lies before the beginning.
    return undefined;
  }
  return inList(list);
}

function inList(list: BlockList): Matcher {
  return (host) => isIP(host) !== 0 && list.check(host, family(host));
}

function family(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

function plain(hostname: string): string {
  return hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
}
