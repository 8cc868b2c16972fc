import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** An API that discovery asks, with what it has at the moment. */
export interface EngineApi extends AsyncDisposable {
  /** Where it listens: the port of loopback, or the path of a socket. */
  readonly address: string;
  /** Objects as the API has them; changing them tells nobody. */
  objects: readonly object[];
  /** Writes a line to everybody who follows. */
  tell(line: object): void;
}

/** `GET /containers/json` and `GET /events` of the Docker Engine API, on a Unix socket. */
export function dockerApi(socketPath: string): Promise<EngineApi> {
  return listen(socketPath, (url) =>
    url.pathname === "/events" ? "stream" : url.pathname === "/containers/json" ? { wrap: (list) => list } : undefined,
  );
}

/** Lists and watches of pods in the Kubernetes API, on loopback. */
export function kubernetesApi(): Promise<EngineApi> {
  return listen(undefined, (url) => {
    if (url.pathname !== "/api/v1/namespaces/tools/pods") return undefined;
    if (url.searchParams.get("watch") === "true") return "stream";
    return { wrap: (items) => ({ kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "1" }, items }) };
  });
}

type Answer = "stream" | { readonly wrap: (objects: readonly object[]) => object } | undefined;

async function listen(socketPath: string | undefined, answer: (url: URL) => Answer): Promise<EngineApi> {
  const streams = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  const api = { objects: [] as readonly object[] };
  const listener: RequestListener = (request, response) => {
    const found = answer(new URL(request.url ?? "", "http://api"));
    if (found === undefined) return void response.writeHead(404).end('{"message":"page not found"}');
    response.writeHead(200, { "content-type": "application/json" });
    if (found !== "stream") return void response.end(JSON.stringify(found.wrap(api.objects)));
    response.flushHeaders();
    streams.add(response);
    response.on("close", () => streams.delete(response));
  };
  const server: Server = createServer(listener).on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    if (socketPath === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(socketPath, resolve);
  });
  return Object.assign(api, {
    // A TCP server's address is an AddressInfo once it listens.
    address: socketPath ?? String((server.address() as AddressInfo).port),
    tell(line: object) {
      for (const stream of streams) stream.write(`${JSON.stringify(line)}\n`);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
