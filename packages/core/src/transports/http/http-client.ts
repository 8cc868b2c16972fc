import { egress, type HttpProxy } from "@mcp-hangar/egress";
import { ProxyError } from "@mcp-hangar/egress/http";
import {
  type HttpMethod,
  type HttpStatusLabel,
  httpStatusLabel,
  type RegisteredName,
  type UpstreamRequestFinished,
} from "@mcp-hangar/telemetry";
import { type buildConnector, Pool } from "undici";
import type { Clock } from "../../platform/platform.ts";
import type { AddressGuard } from "./address-guard.ts";
import { guardedConnector } from "./guarded-connect.ts";
import { HangUps } from "./hang-ups.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { HttpLimits } from "./limits.ts";
import { Lingering } from "./lingering.ts";
import { forwardingConnector, tunnelConnector } from "./proxied-connect.ts";
import type { TlsConnect } from "./tls-files.ts";

/** What a {@link HttpClient} is made from. */
export interface HttpClientOptions {
  readonly endpoint: URL;
  readonly tls: TlsConnect | undefined;
  /** Which addresses may be connected to; all of them when absent. */
  readonly guard?: AddressGuard | undefined;
  readonly limits: HttpLimits;
  readonly clock: Clock;
  readonly server: RegisteredName;
  readonly emit: (event: UpstreamRequestFinished) => void;
}

/** The sockets to one endpoint, and the count of what goes over them. */
export class HttpClient {
  readonly limits: HttpLimits;
  readonly clock: Clock;
  readonly endpoint: URL;
  readonly lingering: Lingering;
  /** What all connections go through; `undefined` when they are direct. */
  readonly proxy: HttpProxy | undefined;
  /** Whether the proxy sees the requests: they are written for it. */
  readonly #isForwarded: boolean;
  readonly #path: string;
  readonly #pool: Pool;
  readonly #hangUps: HangUps;
  readonly #server: RegisteredName;
  readonly #emit: (event: UpstreamRequestFinished) => void;

  constructor(options: HttpClientOptions) {
    const { endpoint, limits, guard } = options;
    this.limits = limits;
    this.clock = options.clock;
    this.endpoint = endpoint;
    this.lingering = new Lingering(options.clock, Math.ceil(limits.connectionsMax / 2));
    this.proxy = egress.proxyFor(endpoint);
    // A proxy that forwards resolves names itself; what a guard has examined is asked for by its address, in a tunnel.
    this.#isForwarded = this.proxy !== undefined && endpoint.protocol === "http:" && guard === undefined;
    this.#path = endpoint.pathname + endpoint.search;
    this.#server = options.server;
    this.#emit = options.emit;
    this.#hangUps = new HangUps(options.clock);
    this.#pool = new Pool(endpoint.origin, {
      factory: this.#hangUps.connection,
      connections: limits.connectionsMax,
      pipelining: 1,
      // One socket carries one request at a time: over HTTP/2 undici spends more CPU on a call than it saves in sockets.
      allowH2: false,
      maxHeaderSize: limits.headerBytesMax,
      connectTimeout: limits.connectTimeoutMs,
      // Calls have deadlines of their own, and event streams may be silent for hours.
      headersTimeout: 0,
      bodyTimeout: 0,
      ...this.#connector(options),
    });
  }

  /** Sends one request; everything that follows is told to `exchange`. */
  send(exchange: HttpExchange, headers: string[], body: string | null, path = this.#path): void {
    exchange.carry(headers, body, path);
    const { proxy, endpoint } = this;
    const reset = this.#hangUps.expected;
    const isForwarded = proxy !== undefined && this.#isForwarded;
    const shown = isForwarded && proxy.authorization !== undefined ? ["proxy-authorization", proxy.authorization] : [];
    const whole = isForwarded ? endpoint.origin + path : path;
    const all = shown.length === 0 ? headers : [...headers, ...shown];
    this.#pool.dispatch({ path: whole, method: exchange.method, headers: all, body, reset }, exchange);
  }

  /** Why a response is the proxy's own, who did not pass the request on; `undefined` when it is the server's. */
  refusedByProxy(status: number): ProxyError | undefined {
    if (status !== 407 || this.proxy === undefined || !this.#isForwarded) return undefined;
    return ProxyError.status(this.proxy, this.endpoint.host, status);
  }

  /**
   * Path and query of a place that the server names, seen from `from`; `undefined` when it leads to another origin, where
   * credentials must not go.
   */
  pathOf(location: string | string[] | undefined, from = this.#path): string | undefined {
    const { endpoint } = this;
    const url = typeof location === "string" ? URL.parse(location, endpoint.origin + from) : null;
    return url?.origin === endpoint.origin ? url.pathname + url.search : undefined;
  }

  /** Sockets that are open now. */
  connections(): number {
    return this.#pool.stats.connected;
  }

  #connector({ guard, tls, limits, clock }: HttpClientOptions): {
    readonly connect?: buildConnector.connector | TlsConnect;
  } {
    const settings = { tls, timeoutMs: limits.connectTimeoutMs, clock, guard };
    if (this.proxy !== undefined) {
      const connector = this.#isForwarded ? forwardingConnector : tunnelConnector;
      return { connect: connector(this.proxy, settings) };
    }
    if (guard !== undefined) return { connect: guardedConnector(guard, settings) };
    return tls === undefined ? {} : { connect: tls };
  }

  /** Counts a request that ended; `status` is `undefined` when there was no complete response. */
  report(method: HttpMethod, status: number | undefined, startedMs: number): void {
    const label: HttpStatusLabel = status === undefined ? "error" : httpStatusLabel(status);
    this.#emit({
      type: "upstream_request.finished",
      timeMs: this.clock.wallMs(),
      server: this.#server,
      method,
      status: label,
      durationSeconds: (this.clock.nowMs() - startedMs) / 1_000,
    });
  }

  /** Closes all sockets at once; requests under way fail. Never rejects. */
  async destroy(): Promise<void> {
    this.lingering.clear();
    await this.#pool.destroy().catch(() => undefined);
  }
}
