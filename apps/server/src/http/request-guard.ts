import type { IncomingHttpHeaders } from "node:http";
import type { Refusal } from "./answer.ts";
import { type HostName, isLoopback, parseHost } from "./host-names.ts";

/** From whom requests are accepted. */
export interface GuardOptions {
  /** The address the listener is bound to. */
  readonly boundTo: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/** Looks at a request's Host and Origin; `undefined` lets it pass. */
export type RequestGuard = (headers: IncomingHttpHeaders) => Refusal | undefined;

/** Host headers that were found good and need no second look; there are few, and a limit on them is a limit on memory. */
const REMEMBERED_MAX = 64;

/**
 * Keeps web pages out. A page can make a browser send requests here under a name that its owner points at 127.0.0.1
 * (DNS rebinding); such a request carries that name as Host, and the page's address as Origin.
 */
export function requestGuard({ boundTo, allowedHosts, allowedOrigins }: GuardOptions): RequestGuard {
  const hosts = allowedHosts.map(parseHost).filter((host) => host !== undefined);
  const origins = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
  const checksHost = isLoopback(boundTo) || hosts.length > 0;
  const good = new Set<string>();

  const isGoodHost = (text: string): boolean => {
    if (good.has(text)) return true;
    const host = parseHost(text);
    if (host === undefined || (checksHost && !isLoopback(host.name) && !isAmong(host, hosts))) return false;
    if (good.size < REMEMBERED_MAX) good.add(text);
    return true;
  };

  return ({ host, origin }) => {
    if (host === undefined) return { status: 400, code: "host_missing", message: "the Host header is missing" };
    if (!isGoodHost(host)) {
      const message = `the host ${quoted(host)} is not served here; add it to http.allowed_hosts if it is yours`;
      return { status: 403, code: "host_not_allowed", message };
    }
    if (origin === undefined || isGoodOrigin(origin, origins)) return undefined;
    const message = `pages of ${quoted(origin)} may not use this gateway; add the origin to http.allowed_origins if it may`;
    return { status: 403, code: "origin_not_allowed", message };
  };
}

function isAmong({ name, port }: HostName, allowed: readonly HostName[]): boolean {
  return allowed.some((host) => host.name === name && (host.port === undefined || host.port === port));
}

function isGoodOrigin(text: string, allowed: ReadonlySet<string>): boolean {
  if (allowed.has(text)) return true;
  const origin = URL.parse(text);
  return origin !== null && /^https?:$/.test(origin.protocol) && isLoopback(origin.hostname);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
