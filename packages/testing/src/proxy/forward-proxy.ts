import type { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { RequestError, Server } from "proxy-chain";

/** What a proxy was asked for. */
export interface ProxiedRequest {
  /** Host and port behind the proxy. */
  readonly target: string;
  /** By CONNECT; else it forwarded a request of plain HTTP. */
  readonly isTunnel: boolean;
  /** User and password that it was given; `undefined` when none. */
  readonly credentials: string | undefined;
}

/** How a proxy behaves. */
export interface ForwardProxyOptions {
  /** `user:password` that it asks for; everybody may use it when absent. */
  readonly credentials?: string;
  /** Certificate and key, for a proxy that is spoken to over TLS. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Status with which it refuses everything; it never answers when `hang`. */
  readonly refuses?: number | "hang";
}

/**
 * A real forward proxy on loopback (proxy-chain): CONNECT and plain HTTP, with or without credentials and TLS. To it, and to nobody else
 * on the machine, every name that ends in `.test` is 127.0.0.1: what reaches such a host has come through it.
 */
export class ForwardProxy {
  /** What it was asked for, in order, what it refused included. */
  readonly requests: ProxiedRequest[] = [];
  readonly #server: Server;
  readonly #options: ForwardProxyOptions;

  private constructor(options: ForwardProxyOptions) {
    this.#options = options;
    const { credentials: wanted, refuses, tls } = options;
    this.#server = new Server({
      host: "127.0.0.1",
      port: 0,
      ...(tls === undefined ? { serverType: "http" } : { serverType: "https", httpsOptions: tls }),
      prepareRequestFunction: async ({ hostname, port, isHttp, username, password }) => {
        const credentials = username === "" && password === "" ? undefined : `${username}:${password}`;
        this.requests.push({ target: `${hostname}:${port}`, isTunnel: !isHttp, credentials });
        if (refuses === "hang") await new Promise(() => {});
        if (typeof refuses === "number") throw new RequestError("not through here", refuses);
        // The type asks for a form of it that nobody calls.
        return {
          requestAuthentication: wanted !== undefined && credentials !== wanted,
          dnsLookup: lookUp as unknown as typeof lookup,
        };
      },
    });
    this.#server.on("requestFailed", () => undefined);
  }

  static async start(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
    const proxy = new ForwardProxy(options);
    await proxy.#server.listen();
    return proxy;
  }

  get port(): number {
    return this.#server.port;
  }

  /** With the credentials that it asks for, percent-encoded, unless others are given. */
  url(credentials: string | undefined = this.#options.credentials): string {
    const encoded = credentials?.split(":").map(encodeURIComponent).join(":");
    const scheme = this.#options.tls === undefined ? "http" : "https";
    return `${scheme}://${encoded === undefined ? "" : `${encoded}@`}127.0.0.1:${this.port}`;
  }

  /** Cuts all connections. */
  async stop(): Promise<void> {
    await this.#server.close(true);
  }
}

const lookUp: LookupFunction = (hostname, options, callback) => {
  if (!hostname.endsWith(".test")) callback(new Error(`${hostname} is not known here`), "");
  else if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};
