import type { Agent } from "node:http";
import type { AgentOptions } from "node:https";
import type { Readable } from "node:stream";
import type { TlsOptions } from "../../options.ts";
import { tlsConnect } from "../../transports/http/tls-files.ts";
import { loadOptional } from "./optional-package.ts";
import { readJson } from "./read-body.ts";

/** Where an engine is. */
export interface EngineAddress {
  /** `unix:///path` or `tcp://host:port`. */
  readonly host: string;
  readonly tls: TlsOptions | undefined;
}

/** Bytes of a list of containers; a container takes about 3 kB. */
const LIST_BYTES_MAX = 32 * 1024 * 1024;

type Query = Readonly<Record<string, unknown>>;

/** The one method that is needed of dockerode's modem, which its types leave open. */
interface Modem {
  dial(
    options: {
      readonly path: string;
      readonly method: "GET";
      readonly options: Query;
      readonly abortSignal: AbortSignal;
      /** Hands out the response as it comes: a body that is read for us has no limit, and never ends when it breaks off. */
      readonly isStream: true;
      readonly statusCodes: Readonly<Record<number, true | string>>;
    },
    callback: (error: Error | null, response: Readable | null) => void,
  ): void;
}

/** The API of Docker, which Podman speaks as well. */
export class DockerEngine {
  readonly #modem: Modem;
  readonly #address: EngineAddress;

  private constructor(modem: Modem, address: EngineAddress) {
    this.#modem = modem;
    this.#address = address;
  }

  /**
   * Makes a client; nothing is asked yet.
   * @throws Error when the client is not installed, or a file of `tls` cannot be read
   */
  static async open(address: EngineAddress): Promise<DockerEngine> {
    const { default: Docker } = await loadOptional("dockerode", "discovery of type docker", () => import("dockerode"));
    const url = new URL(address.host);
    const secure = address.tls !== undefined;
    if (secure && url.protocol === "unix:") {
      throw new Error(`tls is set, but ${address.host} is a socket of this machine: remove tls, or use tcp://`);
    }
    const tls = await tlsConnect(address.tls);
    // Every key is given: dockerode would take those that are missing from the environment.
    const place =
      url.protocol === "unix:"
        ? { socketPath: decodeURIComponent(url.pathname), host: undefined, port: undefined }
        : { socketPath: undefined, host: url.hostname, port: url.port === "" ? defaultPort(secure) : url.port };
    const options = {
      ...place,
      protocol: secure ? "https" : "http",
      pathPrefix: "/",
      version: undefined,
      ca: undefined,
      cert: undefined,
      key: undefined,
      timeout: undefined,
      // A connection a question: cycles are far apart, and nothing is left when the source is closed.
      agent: await agentTo(url, secure ? "https:" : "http:", { ...tls, keepAlive: false }),
    };
    // Its types know neither `agent` nor keys that are there to be undefined.
    const docker = new Docker(options as unknown as ConstructorParameters<typeof Docker>[0]);
    return new DockerEngine(docker.modem as Modem, address);
  }

  /** Asks for JSON. @throws Error that says what happened and what to do */
  async getJson(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    const body = await this.#get(path, query, signal);
    try {
      return await readJson(body, { bytesMax: LIST_BYTES_MAX, signal });
    } catch (error) {
      throw this.#explain(error, signal);
    }
  }

  /** Follows a stream that has no end; resolves when it ends nevertheless. */
  async follow(path: string, query: Query, handlers: StreamHandlers): Promise<void> {
    const { signal, onOpen, onData } = handlers;
    const body = await this.#get(path, query, signal);
    onOpen();
    // An abort ends the request, and the body with it.
    for await (const _chunk of body) onData();
  }

  #get(path: string, query: Query, signal: AbortSignal): Promise<Readable> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(this.#explain(error, signal));
      if (signal.aborted) return fail(signal.reason);
      this.#modem.dial(
        {
          path: `${path}?`,
          method: "GET",
          options: query,
          abortSignal: signal,
          isStream: true,
          statusCodes: { 200: true, 400: "bad parameter", 500: "server error" },
        },
        (error, response) => {
          if (response !== null && error === null) resolve(response);
          else fail(error);
        },
      );
    });
  }

  #explain(error: unknown, signal: AbortSignal): Error {
    if (signal.aborted) return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
    const { host } = this.#address;
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    const message = error instanceof Error ? error.message.trim() : String(error);
    switch (code) {
      case "ENOENT":
        return new Error(`there is no socket at ${host}. Start the engine, or correct host`, { cause: error });
      case "EACCES":
      case "EPERM":
        return new Error(`the gateway may not use ${host}. Run it as a user of the socket's group`, { cause: error });
      case "ECONNREFUSED":
        return new Error(`nothing listens at ${host}. Start the engine, or correct host`, { cause: error });
      default:
        return new Error(`the engine at ${host} gave no usable answer: ${message}`, { cause: error });
    }
  }
}

/** Who hears of a stream. */
export interface StreamHandlers {
  readonly signal: AbortSignal;
  readonly onOpen: () => void;
  readonly onData: () => void;
}

/** An agent for an engine at a socket, or wherever egress says that connections to it go. */
async function agentTo(url: URL, protocol: "http:" | "https:", options: AgentOptions): Promise<Agent> {
  // An import would read every export of it, and load clients that nobody uses.
  if (url.protocol === "unix:") return new (process.getBuiltinModule("node:http").Agent)(options);
  const { tunnelAgentFor } = await import("@mcp-hangar/egress/http");
  return tunnelAgentFor(new URL(`${protocol}//${url.host}`), options);
}

function defaultPort(secure: boolean): string {
  return secure ? "2376" : "2375";
}
