import { isLoopback } from "./loopback.ts";
import { NoProxy } from "./no-proxy.ts";
import type { HttpProxy } from "./proxy.ts";

/** Who resolves the names of hosts whose addresses are examined before they are connected to, when a proxy is in between. */
export type NameResolver = "gateway" | "proxy";

/** What decides how connections leave. */
export interface EgressSettings {
  /** For URLs of `http:`; none when absent. */
  readonly http?: HttpProxy | undefined;
  /** For URLs of `https:`; none when absent. */
  readonly https?: HttpProxy | undefined;
  /** Hosts that are connected to directly, see {@link NoProxy}. */
  readonly noProxy?: readonly string[] | undefined;
  /** Whether connections to this machine itself go through the proxy, too. */
  readonly loopback?: boolean | undefined;
  /** `gateway` unless told. */
  readonly guardedNames?: NameResolver | undefined;
}

/** Says for each URL which proxy a connection to it takes. */
export class EgressRules {
  readonly guardedNames: NameResolver;
  readonly #settings: EgressSettings;
  readonly #noProxy: NoProxy;

  constructor(settings: EgressSettings) {
    this.#settings = settings;
    this.#noProxy = new NoProxy(settings.noProxy ?? []);
    this.guardedNames = settings.guardedNames ?? "gateway";
  }

  /** The proxies there are, each once. */
  get proxies(): readonly HttpProxy[] {
    const { http, https } = this.#settings;
    return [...new Set([http, https])].filter((proxy) => proxy !== undefined);
  }

  /** Entries of `NO_PROXY`, as they are written. */
  get noProxy(): readonly string[] {
    return this.#settings.noProxy ?? [];
  }

  /** The proxy for one scheme, whatever the host. */
  proxyOfScheme(scheme: "http" | "https"): HttpProxy | undefined {
    return this.#settings[scheme];
  }

  /** The proxy that a connection to this URL takes; `undefined` when it is a direct one. */
  proxyFor(url: URL): HttpProxy | undefined {
    const { http, https, loopback = false } = this.#settings;
    const proxy = url.protocol === "https:" ? https : url.protocol === "http:" ? http : undefined;
    if (proxy === undefined || (!loopback && isLoopback(url.hostname)) || this.#noProxy.matches(url)) return undefined;
    return proxy;
  }
}

/** Everything is connected to directly. */
export const DIRECT: EgressRules = new EgressRules({});
