import type { IncomingMessage } from "node:http";
import type { Refusal } from "./answer.ts";
import { isLoopback } from "./host-names.ts";
import { machineAddresses, servedHosts } from "./served-hosts.ts";

/** From whom requests are accepted. */
export interface GuardOptions {
  /** The address the listener is bound to. */
  readonly boundTo: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Addresses of this machine now; those of its interfaces when absent. */
  readonly ownAddresses?: (() => readonly string[]) | undefined;
}

/** Looks at a request's Host and Origin; `undefined` lets it pass. */
export type RequestGuard = (request: Pick<IncomingMessage, "headers" | "rawHeaders">) => Refusal | undefined;

/**
 * Keeps web pages out. A page can make a browser send requests here under a name that its owner points at an address of this
 * machine (DNS rebinding); such a request carries that name as Host, and the page's address as Origin, if it is no GET.
 */
export function requestGuard(options: GuardOptions): RequestGuard {
  const { boundTo, allowedHosts: allowed, allowedOrigins, nowMs, ownAddresses = machineAddresses } = options;
  const origins = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
  const isServed = servedHosts({ boundTo, allowed, ownAddresses, nowMs });

  return ({ headers: { host, origin }, rawHeaders }) => {
    if (host === undefined) return { status: 400, code: "host_missing", message: "the Host header is missing" };
    const repeated = repeatedHeader(rawHeaders);
    if (repeated !== undefined) {
      const message = `the header ${repeated} may stand there once: of two, a proxy may have looked at the other`;
      return { status: 400, code: "header_repeated", message };
    }
    if (!isServed(host)) {
      const message = `the host ${quoted(host)} is not served here; add it to http.allowed_hosts if it is yours`;
      return { status: 403, code: "host_not_allowed", message };
    }
    if (origin === undefined || isGoodOrigin(origin, origins)) return undefined;
    const message = `pages of ${quoted(origin)} may not use this gateway; add the origin to http.allowed_origins if it may`;
    return { status: 403, code: "origin_not_allowed", message };
  };
}

/** Of these Node.js takes the first and drops the others without a word. */
function repeatedHeader(rawHeaders: readonly string[]): "Host" | "Authorization" | undefined {
  let hosts = 0;
  let authorizations = 0;
  // Names stand at even places. Their lengths are looked at first, because this runs for every request.
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
    else if (name.length === 13 && name.toLowerCase() === "authorization") authorizations++;
  }
  return hosts > 1 ? "Host" : authorizations > 1 ? "Authorization" : undefined;
}

function isGoodOrigin(text: string, allowed: ReadonlySet<string>): boolean {
  if (allowed.has(text)) return true;
  const origin = URL.parse(text);
  return origin !== null && /^https?:$/.test(origin.protocol) && isLoopback(origin.hostname);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
