import { type ClientRequestArgs, Agent as HttpAgent, type AgentOptions as HttpAgentOptions } from "node:http";
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { egress } from "../egress.ts";
import type { HttpProxy } from "../proxy.ts";
import { ProxyError } from "./proxy-error.ts";
import { placeOf } from "./proxy-place.ts";
import { openTunnel } from "./tunnel.ts";

/** Milliseconds of silence after which a proxy is given up by an agent; whoever asks has a deadline besides. */
const TUNNEL_MS = 30_000;

type Created = (error: Error | null, stream: Duplex) => void;

/**
 * An agent for requests to one origin, which goes the way that egress says. Requests over plain HTTP that a proxy forwards have to be
 * written for it: `HttpOrigin` does both.
 */
export function agentFor(origin: URL, options: HttpsAgentOptions): HttpAgent {
  const proxy = egress.proxyFor(origin);
  if (origin.protocol === "https:")
    return proxy === undefined ? new HttpsAgent(options) : new TlsTunnels(proxy, options);
  return proxy === undefined ? new HttpAgent(options) : new ForwardedRequests(proxy, options);
}

/** As {@link agentFor}, for clients of others whose requests cannot be written for a proxy: it opens a tunnel for plain HTTP, too. */
export function tunnelAgentFor(origin: URL, options: HttpsAgentOptions): HttpAgent {
  const proxy = egress.proxyFor(origin);
  if (proxy === undefined || origin.protocol === "https:") return agentFor(origin, options);
  return new PlainTunnels(proxy, options);
}

/** TLS to the origin itself, within tunnels of a proxy. */
class TlsTunnels extends HttpsAgent {
  readonly #proxy: HttpProxy;

  constructor(proxy: HttpProxy, options: HttpsAgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: ClientRequestArgs, callback?: Created): undefined {
    tunnelFor(this.#proxy, options).then(
      (socket) => callback?.(null, super.createConnection({ ...options, socket } as ClientRequestArgs) as Duplex),
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }
}

/** Plain connections to the origin, within tunnels of a proxy. */
class PlainTunnels extends HttpAgent {
  readonly #proxy: HttpProxy;

  constructor(proxy: HttpProxy, options: HttpAgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: ClientRequestArgs, callback?: Created): undefined {
    tunnelFor(this.#proxy, options).then(
      (socket) => callback?.(null, socket),
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }
}

/** Connections to a proxy that forwards requests. */
class ForwardedRequests extends HttpAgent {
  readonly #proxy: HttpProxy;

  constructor(proxy: HttpProxy, options: HttpAgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(_options: ClientRequestArgs, callback?: Created): Duplex | undefined {
    const socket = connectTo(this.#proxy);
    const fail = (error: Error): void => callback?.(ProxyError.connection(this.#proxy, error), socket);
    const ready = this.#proxy.url.protocol === "https:" ? "secureConnect" : "connect";
    socket.once("error", fail);
    socket.once(ready, () => {
      socket.off("error", fail);
      callback?.(null, socket);
    });
    return undefined;
  }
}

/** Connects to the proxy itself. */
function connectTo(proxy: HttpProxy): Socket {
  return proxy.url.protocol === "https:" ? connectTls(placeOf(proxy)) : connectTcp(placeOf(proxy));
}

/** What a request says to its agent. Node.js keeps the `signal` of a request from agents. */
export interface AgentRequest {
  /** Gives up what is being opened for the request. */
  readonly openSignal?: AbortSignal | undefined;
}

function tunnelFor(proxy: HttpProxy, options: ClientRequestArgs & AgentRequest): Promise<Socket> {
  return openTunnel(proxy, targetOf(options), { timeoutMs: TUNNEL_MS, signal: options.openSignal });
}

function targetOf({ host, port, defaultPort }: ClientRequestArgs): string {
  const name = host ?? "";
  return `${name.includes(":") ? `[${name.replace(/^\[|\]$/g, "")}]` : name}:${port ?? defaultPort ?? ""}`;
}
