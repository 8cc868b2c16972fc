import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { type AgentOptions, request as httpsRequest } from "node:https";
import { egress } from "../egress.ts";
import type { HttpProxy } from "../proxy.ts";
import { type AgentRequest, agentFor } from "./agents.ts";
import { ProxyError } from "./proxy-error.ts";

/** One request to the origin. */
export interface OriginRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/** What connections to an origin are made with. */
export interface HttpOriginOptions
  extends Pick<AgentOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "servername"> {
  /** Connections at a time; further requests wait. */
  readonly connectionsMax: number;
}

/**
 * Requests to one origin over HTTP/1.1, on connections that are kept, through a proxy where egress says so. Redirects are answers like
 * any other: what is sent is not led elsewhere.
 */
export class HttpOrigin {
  readonly #agent: Agent;
  readonly #proxy: HttpProxy | undefined;

  constructor(origin: URL, { connectionsMax, ...options }: HttpOriginOptions) {
    this.#proxy = egress.proxyFor(origin);
    this.#agent = agentFor(origin, { ...options, keepAlive: true, maxSockets: connectionsMax });
  }

  /**
   * Sends a request and resolves when the head of the answer is there. A server may close a connection just when it is used again; then
   * the request is made once more, on a new one. Rejects with the error of the connection, a {@link ProxyError} if it is the proxy's.
   */
  send({ method, url, headers, body, signal }: OriginRequest): Promise<IncomingMessage> {
    const begin = url.protocol === "https:" ? httpsRequest : httpRequest;
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    const forAgent: AgentRequest = { openSignal: signal };
    const options = { method, agent: this.#agent, headers: { ...headers, ...length }, signal, ...forAgent };
    return new Promise((resolve, reject) => {
      const request = begin(url, this.#forwarded(url, options), (answer) => {
        const refusal = this.#refusal(url, answer);
        if (refusal === undefined) return resolve(answer);
        answer.destroy();
        reject(refusal);
      });
      // Nobody has asked for another protocol, and Node.js would end the connection without a word.
      request.on("upgrade", (answer, socket) => {
        socket.destroy();
        resolve(answer);
      });
      request.on("error", (error) => {
        const isStale = request.reusedSocket && "code" in error && error.code === "ECONNRESET" && !signal.aborted;
        if (isStale) resolve(this.send({ method, url, headers, body, signal }));
        else reject(error);
      });
      request.end(body);
    });
  }

  /** Ends all connections; requests under way fail. */
  close(): void {
    this.#agent.destroy();
  }

  /** A request that a proxy forwards names its target whole (RFC 9112, 3.2.2), and shows the proxy its credentials. */
  #forwarded<Options extends { readonly headers: Readonly<Record<string, string>> }>(
    url: URL,
    options: Options,
  ): Options {
    const proxy = this.#proxy;
    if (proxy === undefined || url.protocol === "https:") return options;
    const credentials = proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization };
    const path = `${url.origin}${url.pathname}${url.search}`;
    return { ...options, path, headers: { ...options.headers, ...credentials, host: url.host } };
  }

  /** Only a proxy says 407, and an origin never does. */
  #refusal({ host }: URL, { statusCode = 0, statusMessage }: IncomingMessage): ProxyError | undefined {
    if (this.#proxy === undefined || statusCode !== 407) return undefined;
    return ProxyError.status(this.#proxy, host, statusCode, statusMessage);
  }
}
