import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

/** An entry of `GET /containers/json`, with the fields that the Engine API gives. */
export interface Container {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly state?: string;
  readonly status?: string;
  /** As engines of API version 1.52 and later tell it. */
  readonly health?: string;
  readonly networks?: Readonly<Record<string, string>>;
  readonly ports?: readonly number[];
}

/** What the engine does with a request instead of answering it well. */
export type Misbehaviour = (response: ServerResponse) => void;

/** A server that speaks the part of the Docker Engine API that discovery uses, as an engine does. */
export class DockerApi implements AsyncDisposable {
  containers: readonly Container[] = [];
  misbehaviour: Misbehaviour | undefined;
  /** Paths and queries of all requests, oldest first. */
  readonly requests: URL[] = [];
  readonly #streams = new Set<ServerResponse>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  host = "";

  private constructor(tls: object | undefined) {
    const listener: RequestListener = (request, response) => {
      const url = new URL(request.url ?? "", "http://docker");
      this.requests.push(url);
      if (this.misbehaviour !== undefined) this.misbehaviour(response);
      else if (url.pathname === "/containers/json") this.#list(url, response);
      else if (url.pathname === "/events") this.#follow(response);
      else response.writeHead(404).end(JSON.stringify({ message: "page not found" }));
    };
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** Listens on a Unix socket of that path, or on a free port of loopback. */
  static async listen(socketPath?: string, tls?: object): Promise<DockerApi> {
    const api = new DockerApi(tls);
    await new Promise<void>((resolve) => {
      if (socketPath === undefined) api.#server.listen(0, "127.0.0.1", resolve);
      else api.#server.listen(socketPath, resolve);
    });
    api.host =
      socketPath === undefined
        ? // A TCP server's address is an AddressInfo once it listens.
          `tcp://127.0.0.1:${(api.#server.address() as AddressInfo).port}`
        : `unix://${socketPath}`;
    return api;
  }

  /** Streams of events that are open. */
  get followers(): number {
    return this.#streams.size;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Tells all followers of something that happened to a container. */
  tell(action: string, name = "weather"): void {
    const event = {
      Type: "container",
      Action: action,
      Actor: { ID: idOf(name), Attributes: { name, "mcp.hangar.enable": "true" } },
      scope: "local",
      time: 1_700_000_000,
      timeNano: 1_700_000_000_000_000_000,
    };
    for (const stream of this.#streams) stream.write(`${JSON.stringify(event)}\n`);
  }

  /** Ends all streams of events, as an engine does that stops. */
  hangUp(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #list(url: URL, response: ServerResponse): void {
    const { label = [], status = [] } = JSON.parse(url.searchParams.get("filters") ?? "{}");
    const list = this.containers.map(summaryOf).filter(({ Labels, State }) => {
      const labels = new Map(Object.entries(Labels));
      const matches = (wanted: string): boolean => {
        const [key = "", value] = wanted.split("=");
        return labels.has(key) && (value === undefined || labels.get(key) === value);
      };
      return label.every(matches) && (status.length === 0 || status.includes(State));
    });
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(list));
  }

  #follow(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
  }
}

function idOf(name: string): string {
  return Buffer.from(name).toString("hex").padEnd(64, "0").slice(0, 64);
}

function summaryOf({ name, labels = {}, state = "running", status = "Up 5 minutes", health, ...rest }: Container) {
  return {
    Id: idOf(name),
    Names: [`/${name}`],
    Image: "acme/weather",
    ImageID: `sha256:${"0".repeat(64)}`,
    Command: "serve",
    Created: 1_700_000_000,
    Ports: (rest.ports ?? [8080]).flatMap((port) => [
      { IP: "0.0.0.0", PrivatePort: port, PublicPort: port + 10_000, Type: "tcp" },
      { IP: "::", PrivatePort: port, PublicPort: port + 10_000, Type: "tcp" },
    ]),
    Labels: labels,
    State: state,
    Status: status,
    ...(health === undefined ? {} : { Health: { Status: health, FailingStreak: 0 } }),
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: {
      Networks: Object.fromEntries(
        Object.entries(rest.networks ?? { bridge: "172.17.0.2" }).map(([network, IPAddress]) => [
          network,
          { NetworkID: "n", EndpointID: "e", Gateway: "172.17.0.1", IPAddress, IPPrefixLen: 16, GlobalIPv6Address: "" },
        ]),
      ),
    },
    Mounts: [],
  };
}
