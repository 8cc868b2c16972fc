import type {
  CancelSignal,
  ClientLine,
  JsonObject,
  JsonRpcErrorObject,
  JsonRpcId,
  JsonRpcNotification,
  JsonRpcRequest,
  ManagedServer,
  ServerRequestReply,
} from "@mcp-hangar/core";
import { Cancellation, ChurnMap, isJsonObject, LISTS } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { textOf } from "../text-of.ts";
import type { ClientName } from "./client.ts";
import type { ResourceSubscription } from "./resource-subscription.ts";
import type { KeptAnswer } from "./resumption/kept-answer.ts";
import type { SessionAnswers } from "./resumption/session-answers.ts";

/** Requests of servers that wait for this client at the same time; more are refused. */
const MAX_PENDING_ASKS = 64;

/** Capability that a client must have declared to be asked this by a server. */
const ASKABLE: ReadonlyMap<string, string> = new Map([
  ["sampling/createMessage", "sampling"],
  ["elicitation/create", "elicitation"],
  ["roots/list", "roots"],
]);

/** Untold changes of one client before it is looked which of them still concern it; far more than it may subscribe to. */
const UNTOLD_MAX = 5_000;

/** Notifications that a client must not miss, because they say that what it knows is out of date. */
const CHANGES: ReadonlySet<string> = new Set([
  ...Object.values(LISTS).map(({ changed }) => changed),
  "notifications/resources/updated",
]);

/** Who opened a session, and what they said about themselves. */
export interface LegacySessionParts {
  readonly id: string;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  /** Whether the client was offered to call tools as tasks; not so when absent. */
  readonly takesTasks?: boolean | undefined;
  readonly caller: Caller;
  readonly client: ClientName;
  /** Where answers are kept for a client that loses its connection. */
  readonly answers: SessionAnswers;
  readonly nowMs: number;
}

/** From this revision on clients know an event that has no data and says from where to come back. */
const PRIMED_SINCE = "2025-11-25";

/** How a session reaches its client outside of an answer. */
export type SessionStream = (message: JsonRpcNotification | JsonRpcRequest) => void;

/** What the gateway remembers of a legacy client between its requests. */
export class LegacySession implements ClientLine {
  readonly id: string;
  readonly protocolVersion: string;
  /** What the client calls itself. */
  readonly client: ClientName;
  readonly openedMs: number;
  readonly answers: SessionAnswers;
  /** The part of its capabilities by which servers may ask it something in the middle of a request; the rest is not kept. */
  readonly askable: JsonObject;
  /** The same for a server that keeps a session for this client, and hears of changed roots. */
  readonly abilities: JsonObject;
  /** Whether it was offered to call tools as tasks. */
  readonly takesTasks: boolean;
  /** Whose session it is, with the roles they had when they were last heard of. */
  caller: Caller;
  lastSeenMs: number;
  /** Lists the client has seen; only their changes concern it. */
  readonly listed = new Set<string>();
  /** The resources it is subscribed to, by {@link resourceKey}: however it spells one, it is the same. */
  readonly subscriptions = new Map<string, ResourceSubscription>();
  /** Lowest level of log messages it wants, or `undefined` for whatever servers send. */
  logLevel: string | undefined;
  /** `1` and `"1"` are different requests. */
  readonly #running = new ChurnMap<JsonRpcId, Cancellation>();
  /** The servers that know which level the client wants. */
  readonly #levelled = new Set<ManagedServer>();
  readonly #asked = new Map<string, (reply: ServerRequestReply) => void>();
  #stream: SessionStream | undefined;
  /** Tells whoever holds the stream that another takes its place, or that the session has ended. */
  #endStream: () => void = () => {};
  /** What changed while no stream was there to tell it: one entry a list or resource, however often it changed. */
  readonly #untold = new Map<string, JsonRpcNotification>();
  #nextAsk = 1;
  #closed = false;

  constructor(parts: LegacySessionParts) {
    const { id, protocolVersion, capabilities, takesTasks = false, caller, client, answers, nowMs } = parts;
    this.answers = answers;
    this.takesTasks = takesTasks;
    this.caller = caller;
    this.client = client;
    this.openedMs = nowMs;
    this.id = id;
    this.protocolVersion = protocolVersion;
    this.askable = askableOf(capabilities);
    const { roots } = capabilities;
    const tellsRoots = isJsonObject(roots) && roots.listChanged === true;
    this.abilities = tellsRoots ? { ...this.askable, roots: { listChanged: true } } : this.askable;
    this.lastSeenMs = nowMs;
  }

  /** Whether a client is there that hears or waits: such a session does not expire. */
  get inUse(): boolean {
    return this.#stream !== undefined || this.#running.size > 0;
  }

  /** Keeps an answer that becomes an event stream, for a client that loses its connection; `undefined` when it is not to be kept. */
  keepAnswer(): KeptAnswer | undefined {
    return this.answers.begin(this.protocolVersion >= PRIMED_SINCE);
  }

  /** Registers a request, so that `notifications/cancelled` finds it; `undefined` when its id is in use already. */
  begin(id: JsonRpcId): Cancellation | undefined {
    const controller = new Cancellation();
    return this.#running.add(id, controller) ? controller : undefined;
  }

  end(id: JsonRpcId): void {
    const controller = this.#running.delete(id);
    if (controller !== undefined) this.stopAsking(controller);
  }

  /** A request has ended: whoever still waits for what the client was asked on its behalf does so in vain. */
  stopAsking(ended: Cancellation): void {
    if (this.#asked.size > 0) ended.abort();
  }

  cancel(requestId: unknown): void {
    if (typeof requestId === "string" || typeof requestId === "number") this.#running.get(requestId)?.abort();
  }

  /**
   * Attaches the stream for unsolicited messages; the returned function detaches it. `ended` is called when another takes its place,
   * because a client asks for another when the first is dead, which the client learns before the gateway does, and when the session
   * ends.
   */
  attach(stream: SessionStream, ended: () => void = () => {}): () => void {
    this.#endStream();
    this.#stream = stream;
    this.#endStream = ended;
    return () => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#endStream = () => {};
    };
  }

  /**
   * Sends an unsolicited notification. Without a stream, which a client opens some time after its first request and again
   * after each that breaks off, a change is kept for the next stream; anything else is dropped.
   */
  push(notification: JsonRpcNotification): void {
    if (this.#stream !== undefined) this.#stream(notification);
    else if (CHANGES.has(notification.method)) {
      if (this.#untold.size >= UNTOLD_MAX) this.#forgetUnsubscribed();
      const { method, params } = notification;
      // Whatever else the server wrote may be large, and is kept for nobody.
      const kept = params.uri === undefined ? {} : { uri: params.uri };
      this.#untold.set(`${method} ${textOf(params.uri)}`, { method, params: kept });
    }
  }

  /** Changes that are kept for the next stream. */
  get untold(): number {
    return this.#untold.size;
  }

  /** Tells a stream that was just attached and opened what changed before. */
  catchUp(): void {
    this.#forgetUnsubscribed();
    const untold = [...this.#untold.values()];
    this.#untold.clear();
    for (const notification of untold) this.push(notification);
  }

  /** Sends a server's request by `send` and waits for the client's response, until `signal` aborts. */
  ask(
    request: JsonRpcRequest,
    send: (id: JsonRpcId, method: string, params: JsonObject) => void,
    signal: CancelSignal,
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

  get isListening(): boolean {
    return this.#stream !== undefined;
  }

  /** Asks the client outside of its requests, on the stream that it keeps open. */
  async askAnytime(request: JsonRpcRequest, signal: CancelSignal = new Cancellation()): Promise<ServerRequestReply> {
    if (!this.canAnswer(request.method)) return refused(`${request.method}: the client cannot answer it`);
    const stream = this.#stream;
    if (stream === undefined)
      return refused(`${request.method}: the client has no stream open on which it could be asked`);
    return await this.ask(request, (id, method, params) => stream({ id, method, params }), signal);
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
    const refusals = await Promise.all(
      servers.map((server) => server.wantLevel({ caller: this.caller, line: this }, level)),
    );
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
    this.#untold.clear();
    this.answers.close();
    this.#stream = undefined;
    this.#endStream();
    this.#endStream = () => {};
  }

  #forgetLevels(): void {
    for (const { logLevels } of this.#levelled) logLevels.forget(this);
    this.#levelled.clear();
  }

  /** What is left are the lists, of which there are a few kinds, and the resources that the client is subscribed to. */
  #forgetUnsubscribed(): void {
    const subscribed = new Set<unknown>([...this.subscriptions.values()].map(({ uri }) => uri));
    for (const [key, { params }] of this.#untold) {
      if (params.uri !== undefined && !subscribed.has(params.uri)) this.#untold.delete(key);
    }
  }
}

/** What a session keeps of the capabilities that its client declared. */
export function askableOf(capabilities: JsonObject): JsonObject {
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
