import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

/** An object as the API keeps it. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface Watcher {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly response: ServerResponse;
}

/** What the API does with a request instead of answering it well; `false` when it answers well after all. */
export type Misbehaviour = (url: URL, response: ServerResponse) => boolean;

/**
 * A server that speaks the part of the Kubernetes API that discovery uses: lists in pages of one moment, watches as
 * chunked lines of JSON from a resource version on, and errors as objects of the kind Status.
 */
export class KubernetesApi implements AsyncDisposable {
  /** Refused unless a request carries it. */
  token = "the-token";
  misbehaviour: Misbehaviour | undefined;
  /** Watches from an earlier version than this are gone. */
  oldest = 0;
  readonly requests: URL[] = [];
  readonly #objects: Readonly<Record<string, Map<string, KubeObject>>> = { services: new Map(), pods: new Map() };
  readonly #pages = new Map<string, { readonly version: number; readonly rest: readonly KubeObject[] }>();
  readonly #watchers = new Set<Watcher>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #version = 100;
  url = "";

  private constructor(tls: object | undefined) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => this.#serve(request, response);
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    // Clients are told so: a connection that ends was ended by the client on purpose, and not because nobody used it.
    this.#server.keepAliveTimeout = 600_000;
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async listen(tls?: object): Promise<KubernetesApi> {
    const api = new KubernetesApi(tls);
    await new Promise<void>((resolve) => api.#server.listen(0, "127.0.0.1", resolve));
    // A TCP server's address is an AddressInfo once it listens.
    const { port } = api.#server.address() as AddressInfo;
    api.url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
    return api;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Lists, without watches, in the order in which they were asked for. */
  get lists(): readonly URL[] {
    return this.requests.filter(({ searchParams }) => searchParams.get("watch") === null);
  }

  /** Creates or replaces an object, and tells whoever watches. */
  put(resource: "services" | "pods", object: KubeObject): void {
    const objects = this.#collection(resource);
    const key = keyOf(object);
    const type = objects.has(key) ? "MODIFIED" : "ADDED";
    const stored = this.#stamp(object);
    objects.set(key, stored);
    this.#tell(resource, type, stored);
  }

  remove(resource: "services" | "pods", object: KubeObject): void {
    this.#collection(resource).delete(keyOf(object));
    this.#tell(resource, "DELETED", this.#stamp(object));
  }

  /** Writes a line to all watchers, whatever it is. */
  say(line: string): void {
    for (const { response } of this.#watchers) response.write(`${line}\n`);
  }

  /** Ends all watches: in good order, as the API does after some minutes. */
  endWatches(): void {
    for (const { response } of this.#watchers) response.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://api");
    this.requests.push(url);
    if (this.misbehaviour?.(url, response)) return;
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      return void status(response, 401, "Unauthorized", "Unauthorized");
    }
    const [, namespace, resource = ""] = /^\/api\/v1\/(?:namespaces\/([^/]+)\/)?(\w+)$/.exec(url.pathname) ?? [];
    if (this.#objects[resource] === undefined) {
      return void status(response, 404, "NotFound", "the server could not find the requested resource");
    }
    if (url.searchParams.get("watch") === "true") this.#watch(url, { resource, namespace, response });
    else this.#list(url, { resource, namespace, response });
  }

  #list(url: URL, { resource, namespace, response }: Watcher): void {
    const limit = Number(url.searchParams.get("limit") ?? 500);
    const token = url.searchParams.get("continue");
    const page =
      token === null
        ? { version: this.#version, rest: this.#select(url, resource, namespace) }
        : this.#pages.get(token);
    if (page === undefined) {
      return void status(
        response,
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result.",
      );
    }
    const rest = page.rest.slice(limit);
    const next = rest.length === 0 ? "" : Buffer.from(`${page.version}/${rest.length}`).toString("base64url");
    if (next !== "") this.#pages.set(next, { version: page.version, rest });
    json(response, 200, {
      kind: resource === "services" ? "ServiceList" : "PodList",
      apiVersion: "v1",
      metadata: {
        resourceVersion: String(page.version),
        ...(next === "" ? {} : { continue: next, remainingItemCount: rest.length }),
      },
      items: page.rest.slice(0, limit),
    });
  }

  #watch(url: URL, watcher: Watcher): void {
    const { response } = watcher;
    if (Number(url.searchParams.get("resourceVersion")) < this.oldest) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        `${JSON.stringify({ type: "ERROR", object: statusObject(410, "Expired", "too old resource version") })}\n`,
      );
      return;
    }
    response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
    response.flushHeaders();
    this.#watchers.add(watcher);
    response.on("close", () => this.#watchers.delete(watcher));
  }

  /** Forgets the pages that were begun, as the API does after some minutes. */
  forgetPages(): void {
    this.#pages.clear();
  }

  #select(url: URL, resource: string, namespace: string | undefined): readonly KubeObject[] {
    const wanted = (url.searchParams.get("labelSelector") ?? "").split(",").filter(Boolean);
    return [...this.#collection(resource).values()].filter(
      ({ metadata }) =>
        (namespace === undefined || metadata.namespace === namespace) &&
        wanted.every((term) => {
          const [key = "", value] = term.split("=");
          return metadata.labels?.[key] === value;
        }),
    );
  }

  #collection(resource: string): Map<string, KubeObject> {
    const objects = this.#objects[resource];
    if (objects === undefined) throw new Error(resource);
    return objects;
  }

  #stamp(object: KubeObject): KubeObject {
    this.#version++;
    const { metadata, ...rest } = object;
    return { ...rest, metadata: { ...metadata, uid: keyOf(object), resourceVersion: String(this.#version) } };
  }

  #tell(resource: string, type: string, object: KubeObject): void {
    for (const watcher of this.#watchers) {
      if (watcher.resource !== resource) continue;
      if (watcher.namespace !== undefined && watcher.namespace !== object.metadata.namespace) continue;
      watcher.response.write(`${JSON.stringify({ type, object })}\n`);
    }
  }
}

/** Answers with an object of the kind Status. */
export function status(response: ServerResponse, code: number, reason: string, message: string): boolean {
  return json(response, code, statusObject(code, reason, message));
}

function statusObject(code: number, reason: string, message: string): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

function json(response: ServerResponse, code: number, body: object): boolean {
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
  return true;
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return `${namespace}/${name}`;
}
