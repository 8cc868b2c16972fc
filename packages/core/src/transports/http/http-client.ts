import {
  type HttpMethod,
  type HttpStatusLabel,
  httpStatusLabel,
  type RegisteredName,
  type UpstreamRequestFinished,
} from "@mcp-hangar/telemetry";
import { Pool } from "undici";
import type { Clock } from "../../platform/platform.ts";
import type { AddressGuard } from "./address-guard.ts";
import { guardedConnector } from "./guarded-connect.ts";
import { HangUps } from "./hang-ups.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { HttpLimits } from "./limits.ts";
import { Lingering } from "./lingering.ts";
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
  readonly #path: string;
  readonly #pool: Pool;
  readonly #hangUps: HangUps;
  readonly #server: RegisteredName;
  readonly #emit: (event: UpstreamRequestFinished) => void;

  constructor(options: HttpClientOptions) {
    const { endpoint, limits, tls, guard } = options;
    this.limits = limits;
    this.clock = options.clock;
    this.endpoint = endpoint;
    this.lingering = new Lingering(options.clock, Math.ceil(limits.connectionsMax / 2));
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
      ...(guard !== undefined
        ? { connect: guardedConnector(guard, { tls, timeoutMs: limits.connectTimeoutMs }) }
        : tls && { connect: tls }),
    });
  }

  /** Sends one request; everything that follows is told to `exchange`. */
  send(exchange: HttpExchange, headers: string[], body: string | null, path = this.#path): void {
    exchange.carry(headers, body, path);
    this.#pool.dispatch({ path, method: exchange.method, headers, body, reset: this.#hangUps.expected }, exchange);
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
