import type {
  JsonObject,
  JsonRpcErrorObject,
  JsonRpcId,
  JsonRpcNotification,
  JsonRpcRequest,
  ManagedServer,
  ServerRequestReply,
} from "@mcp-hangar/core";
import { ChurnMap, isJsonObject } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { ResourceSubscription } from "./resource-subscription.ts";

/** Requests of servers that wait for this client at the same time; more are refused. */
const MAX_PENDING_ASKS = 64;

/** Capability that a client must have declared to be asked this by a server. */
const ASKABLE: ReadonlyMap<string, string> = new Map([
  ["sampling/createMessage", "sampling"],
  ["elicitation/create", "elicitation"],
  ["roots/list", "roots"],
]);

/** Who opened a session, and what they said about themselves. */
export interface LegacySessionParts {
  readonly id: string;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly caller: Caller;
  readonly nowMs: number;
}

/** How a session reaches its client outside of an answer. */
export type SessionStream = (notification: JsonRpcNotification) => void;

/** What the gateway remembers of a legacy client between its requests. */
export class LegacySession {
  readonly id: string;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  /** The part of its capabilities by which servers may ask it something in the middle of a request. */
  readonly askable: JsonObject;
  /** Whose session it is, with the roles they had when they were last heard of. */
  caller: Caller;
  lastSeenMs: number;
  /** Lists the client has seen; only their changes concern it. */
  readonly listed = new Set<string>();
  /** The resources it is subscribed to, by {@link resourceKey}: however it spells one, it is the same. */
  readonly subscriptions = new Map<string, ResourceSubscription>();
  /** Lowest level of log messages it wants, or `undefined` for whatever servers send. */
  logLevel: string | undefined;
  readonly #running = new ChurnMap<string, AbortController>();
  /** The servers that know which level the client wants. */
  readonly #levelled = new Set<ManagedServer>();
  readonly #asked = new Map<string, (reply: ServerRequestReply) => void>();
  #stream: SessionStream | undefined;
  #nextAsk = 1;
  #closed = false;

  constructor({ id, protocolVersion, capabilities, caller, nowMs }: LegacySessionParts) {
    this.caller = caller;
    this.id = id;
    this.protocolVersion = protocolVersion;
    this.capabilities = capabilities;
    this.askable = askableOf(capabilities);
    this.lastSeenMs = nowMs;
  }

  /** Whether a client is there that hears or waits: such a session does not expire. */
  get inUse(): boolean {
    return this.#stream !== undefined || this.#running.size > 0;
  }

  /** Registers a request, so that `notifications/cancelled` finds it; `undefined` when its id is in use already. */
  begin(id: JsonRpcId): AbortController | undefined {
    const key = keyOf(id);
    if (this.#running.has(key)) return undefined;
    const controller = new AbortController();
    this.#running.set(key, controller);
    return controller;
  }

  end(id: JsonRpcId): void {
    const controller = this.#running.delete(keyOf(id));
    if (controller !== undefined) this.stopAsking(controller);
  }

  /** A request has ended: whoever still waits for what the client was asked on its behalf does so in vain. */
  stopAsking(ended: AbortController): void {
    if (this.#asked.size > 0) ended.abort();
  }

  cancel(requestId: unknown): void {
    if (typeof requestId === "string" || typeof requestId === "number") this.#running.get(keyOf(requestId))?.abort();
  }

  /** Attaches the stream for unsolicited messages; the returned function detaches it. False when there is one. */
  attach(stream: SessionStream): (() => void) | undefined {
    if (this.#stream !== undefined) return undefined;
    this.#stream = stream;
    return () => {
      if (this.#stream === stream) this.#stream = undefined;
    };
  }

  /** Sends an unsolicited notification, if the client listens. */
  push(notification: JsonRpcNotification): void {
    this.#stream?.(notification);
  }

  /** Sends a server's request by `send` and waits for the client's response, until `signal` aborts. */
  ask(
    request: JsonRpcRequest,
    send: (id: JsonRpcId, method: string, params: JsonObject) => void,
    signal: AbortSignal,
  ): Promise<ServerRequestReply> {
    if (this.#asked.size >= MAX_PENDING_ASKS) return Promise.resolve(refused("too many requests wait for this client"));
    const id = `hangar-${this.#nextAsk++}`;
    return new Promise((resolve) => {
      const settle = (reply: ServerRequestReply) => {
        signal.removeEventListener("abort", onAbort);
        this.#asked.delete(id);
        resolve(reply);
      };
      const onAbort = () => settle(refused("the call that asked has ended"));
      signal.addEventListener("abort", onAbort, { once: true });
      this.#asked.set(id, settle);
      send(id, request.method, request.params);
      if (signal.aborted) onAbort();
    });
  }

  /** Hands a client's response to whoever asked; an answer to nothing is ignored. */
  answered(id: JsonRpcId | null, reply: ServerRequestReply): void {
    if (typeof id === "string") this.#asked.get(id)?.(reply);
  }

  /** Whether the client declared that it answers requests of that method. */
  canAnswer(method: string): boolean {
    const capability = ASKABLE.get(method);
    return capability !== undefined && isJsonObject(this.askable[capability]);
  }

  /** Wants log messages of `level` and above, of these servers among others. Resolves to why one of them refused. */
  async wantLevel(level: string, servers: readonly ManagedServer[]): Promise<JsonRpcErrorObject | undefined> {
    this.logLevel = level;
    for (const server of servers) this.#levelled.add(server);
    const refusals = await Promise.all(servers.map(({ logLevels }) => logLevels.want(this, level)));
    // The client may have left meanwhile.
    if (this.#closed) this.#forgetLevels();
    return refusals.find((refusal) => refusal !== undefined);
  }

  close(): void {
    this.#closed = true;
    this.#forgetLevels();
    for (const controller of this.#running.values()) controller.abort();
    for (const settle of this.#asked.values()) settle(refused("the client left"));
    for (const { release } of this.subscriptions.values()) release();
    this.subscriptions.clear();
    this.#stream = undefined;
  }

  #forgetLevels(): void {
    for (const { logLevels } of this.#levelled) logLevels.forget(this);
    this.#levelled.clear();
  }
}

function askableOf(capabilities: JsonObject): JsonObject {
  const askable: Record<string, JsonObject> = {};
  for (const name of ASKABLE.values()) {
    const capability = capabilities[name];
    // Clients of the modern era do not tell of changed roots.
    if (isJsonObject(capability)) askable[name] = name === "roots" ? {} : capability;
  }
  return askable;
}

function refused(message: string): ServerRequestReply {
  return { kind: "error", error: { code: -32603, message } };
}

/** `1` and `"1"` are different requests. */
function keyOf(id: JsonRpcId): string {
  return `${typeof id}:${id}`;
}
