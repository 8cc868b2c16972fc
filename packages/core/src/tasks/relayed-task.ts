import type { RegisteredName } from "@mcp-hangar/telemetry";
import type { CallResult } from "../call.ts";
import { failure } from "../errors.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Platform } from "../platform/platform.ts";
import type { JsonObject, JsonRpcNotification, JsonRpcRequest } from "../protocol/json-rpc.ts";
import type { ServerRequestReply, UpstreamSession } from "../transports/session.ts";
import { othersOf, type Said, saidOf } from "./said.ts";
import { isEnd, type TaskReport, type TaskStatus, withTaskRenamed } from "./task-messages.ts";
import { type TaskOwner, type TaskRoute, TaskTalk } from "./task-talk.ts";
import { lost, type TaskEnd, watchTask } from "./task-watch.ts";

/** Bytes of JSON of a result that is kept for whoever fetches it later; a larger one is asked for again at its server. */
const KEPT_BYTES_MAX = 64 * 1024;
/** Requests of its owner that wait for the end of a task; of more, the oldest gives way, whose client may have left long ago. */
const WAITING_MAX = 16;
/** Milliseconds a server may take to hear that nobody wants a task any more. */
const FAREWELL_MS = 10_000;

/** Where a task runs. */
export interface TaskPlace {
  readonly server: ManagedServer;
  readonly session: UpstreamSession;
  /** Whether the session is still the one that it was. */
  readonly isLive: () => boolean;
  /** Lets the session go, which is kept up until then. */
  readonly release: () => void;
}

/** What is known of a task when it begins. */
export interface TaskBegin {
  readonly id: string;
  /** Counts on with each task of the gateway. */
  readonly number: number;
  /** The server or group that was called. */
  readonly entry: RegisteredName;
  readonly tool: RegisteredName;
  readonly owner: TaskOwner;
  readonly report: TaskReport;
  readonly place: TaskPlace;
  /** Milliseconds from now after which it is forgotten. */
  readonly ttlMs: number;
  /** Whether its server offers `tasks/cancel`. */
  readonly canCancel: boolean;
  /** Called once, when it has ended in whatever way. */
  readonly onEnd: (end: TaskEnd) => void;
}

/** A task at a server, as its owner knows it: from the answer of the server until it is forgotten. */
export class RelayedTask {
  readonly id: string;
  readonly number: number;
  readonly entry: RegisteredName;
  readonly tool: RegisteredName;
  readonly owner: TaskOwner;
  readonly server: ManagedServer;
  readonly canCancel: boolean;
  readonly ttlMs: number;
  /** The server's own id of it. */
  readonly upstreamId: string;
  readonly talk: TaskTalk;
  readonly #platform: Platform;
  readonly #place: TaskPlace;
  readonly #onEnd: TaskBegin["onEnd"];
  readonly #ending = new AbortController();
  readonly #createdAt: string;
  readonly #waiting = new Set<(outcome: CallResult | undefined) => void>();
  #status: TaskStatus;
  #said: Said;
  #end: TaskEnd | undefined;
  #isKept = true;

  constructor(begin: TaskBegin, platform: Platform) {
    this.id = begin.id;
    this.number = begin.number;
    this.entry = begin.entry;
    this.tool = begin.tool;
    this.owner = begin.owner;
    this.server = begin.place.server;
    this.canCancel = begin.canCancel;
    this.ttlMs = begin.ttlMs;
    this.upstreamId = begin.report.id;
    this.talk = new TaskTalk(begin.id, begin.owner, this.#ending.signal);
    this.#platform = platform;
    this.#place = begin.place;
    this.#onEnd = begin.onEnd;
    this.#createdAt = this.#now();
    this.#status = begin.report.status;
    this.#said = saidOf(begin.report.value);
    void this.#watch();
  }

  get status(): TaskStatus {
    return this.#status;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Aborts when the task has ended. */
  get ended(): CancelSignal {
    return this.#ending.signal;
  }

  /** Whether the session is there in which it runs, or has run. */
  get isLive(): boolean {
    return this.#place.isLive();
  }

  /** Whether that is the session. */
  isAt(session: UpstreamSession): boolean {
    return this.#place.session === session && this.isLive;
  }

  /** Whether its server may still be asked about it. */
  get isNeeded(): boolean {
    return !this.hasEnded || !this.#isKept;
  }

  /** The task as its owner is to see it; `value` is a fresh description by its server. */
  shown(value: JsonObject = {}): JsonObject {
    return {
      ...withTaskRenamed(othersOf(value), this.id),
      createdAt: this.#createdAt,
      lastUpdatedAt: this.#createdAt,
      ...this.#said,
      ...saidOf(value),
      taskId: this.id,
      status: this.#status,
      ttl: this.ttlMs,
    };
  }

  /** Takes over how the server says that the task is. What has ended stays as it is, also where only its status is known. */
  learn({ status, value }: TaskReport): void {
    if (this.hasEnded || (isEnd(this.#status) && status !== this.#status)) return;
    this.#said = saidOf(value);
    // The end is known with its result; until then a client that looks hears of it in the server's words.
    this.#status = status;
  }

  /**
   * What the tool has answered, once it has; `undefined` when the result is too large to be kept and must be asked for again. The owner
   * is told and asked by `route` meanwhile, and leaves by its signal, or when too many wait behind.
   */
  async result(route: TaskRoute): Promise<CallResult | undefined> {
    if (this.#end !== undefined) return this.#isKept ? this.#end.outcome : undefined;
    const left = failure("cancelled", "the client left before the task had ended");
    const { promise, resolve } = Promise.withResolvers<CallResult | undefined>();
    const onAbort = (): void => resolve(left);
    const close = this.talk.open(route);
    const [oldest] = this.#waiting.size < WAITING_MAX ? [] : this.#waiting;
    if (oldest !== undefined) this.#displace(oldest);
    this.#waiting.add(resolve);
    route.signal.addEventListener("abort", onAbort);
    try {
      return route.signal.aborted ? left : await promise;
    } finally {
      route.signal.removeEventListener("abort", onAbort);
      this.#waiting.delete(resolve);
      close();
    }
  }

  /** Has a request that waits answered, to make room for another. */
  #displace(resolve: (outcome: CallResult | undefined) => void): void {
    this.#waiting.delete(resolve);
    const words = `${WAITING_MAX} later requests wait for the result of this task, which is the limit`;
    resolve(failure("overloaded", words));
  }

  /** Ends the task, once; whoever waits hears of it. */
  end(end: TaskEnd): void {
    if (this.#end !== undefined) return;
    this.#status = end.status;
    for (const resolve of this.#waiting) resolve(end.outcome);
    this.#isKept = isSmall(end.outcome);
    this.#end = this.#isKept ? end : { ...end, outcome: failure("internal", "the result is not kept") };
    if (!end.byServer) {
      const words = end.outcome.kind === "failure" ? { statusMessage: end.outcome.message } : {};
      this.#said = { ...this.#said, ...words, lastUpdatedAt: this.#now() };
      this.talk.tell({ method: "notifications/tasks/status", params: this.shown() });
    }
    this.#ending.abort();
    // A result that is not kept is to be fetched where it is.
    if (this.#isKept) this.#place.release();
    this.#onEnd(end);
  }

  /** The server does not know it any more, or its session is gone. */
  lose(): void {
    this.end(lost(this.server.id));
  }

  /** The server has cancelled it as it was asked to. */
  cancelled(): void {
    this.end({ status: "cancelled", outcome: failure("cancelled", "the task was cancelled"), byServer: true });
  }

  /** Ends it because nobody may or will ask for it again, and has its server stop if that can be asked to. */
  abandon(end: TaskEnd): void {
    const isRunning = !this.hasEnded;
    const session = isRunning && this.canCancel && this.#place.isLive() ? this.#place.session : undefined;
    if (session !== undefined) void this.#cancelAt(session);
    this.end(end);
    this.release();
  }

  /** Lets go of the session, in which a large result was kept. */
  release(): void {
    this.#place.release();
  }

  /** Never rejects: what the server answers changes nothing. */
  async #cancelAt(session: UpstreamSession): Promise<void> {
    const farewell = new AbortController();
    const cancelTimer = this.#platform.clock.schedule(FAREWELL_MS, () => farewell.abort());
    const { signal } = farewell;
    const params = { taskId: this.upstreamId };
    await session.request({ method: "tasks/cancel", params, signal, trace: {}, clientEra: "legacy" });
    cancelTimer();
  }

  async #watch(): Promise<void> {
    const { caller } = this.owner;
    const platform = this.#platform;
    const talk = {
      onNotification: (notification: JsonRpcNotification) => this.talk.tell(notification),
      onServerRequest: async (request: JsonRpcRequest): Promise<ServerRequestReply> => {
        const reply = await this.talk.ask(request);
        if (reply.kind === "error") return reply;
        return { ...reply, result: withTaskRenamed(reply.result, this.upstreamId) };
      },
      origin: caller.type === "anonymous" ? undefined : caller.credential,
    };
    const { session, isLive } = this.#place;
    const task = { server: this.server, session, isLive, id: this.upstreamId, talk, signal: this.#ending.signal };
    const end = await watchTask({ ...task, onReport: (report) => this.learn(report) }, platform);
    if (end !== undefined) this.end(end);
  }

  #now(): string {
    return new Date(this.#platform.clock.wallMs()).toISOString();
  }
}

function isSmall(outcome: CallResult): boolean {
  if (outcome.kind !== "result") return JSON.stringify(outcome).length <= KEPT_BYTES_MAX;
  const { bytes } = outcome.result;
  return (bytes?.length ?? JSON.stringify(outcome.result.value).length) <= KEPT_BYTES_MAX;
}
