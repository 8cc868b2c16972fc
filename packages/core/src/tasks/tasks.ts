import type { Caller, CallOutcome, TaskFinished, TelemetryBus } from "@mcp-hangar/telemetry";
import { type CallRecord, outcomeOf } from "../call.ts";
import { shareOf } from "../call-limit.ts";
import { type Failure, failure } from "../errors.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import { type Audience, type ClientLine, ownerOf, type Party } from "../lifecycle/session-party.ts";
import type { Platform } from "../platform/platform.ts";
import type { JsonRpcNotification } from "../protocol/json-rpc.ts";
import type { TasksOptions } from "./options.ts";
import { RelayedTask, type TaskBegin, type TaskPlace } from "./relayed-task.ts";
import { readTask } from "./task-messages.ts";
import type { TaskOwner } from "./task-talk.ts";
import type { TaskEnd } from "./task-watch.ts";

/** A place for one task, taken before its server is asked. */
export interface TaskRoom {
  /** Gives the place back unless a task has taken it. Idempotent. */
  release(): void;
}

interface Place extends TaskRoom {
  readonly share: string;
  readonly entry: string;
}

interface Kept {
  readonly task: RelayedTask;
  readonly place: Place;
  readonly cancelExpiry: () => void;
}

/** What a task is begun with, besides what the gateway itself decides. */
export type NewTask = Omit<TaskBegin, "id" | "number" | "onEnd" | "entry" | "tool" | "ttlMs"> & {
  readonly record: CallRecord;
};

/** What the tasks need of the gateway. */
export interface TasksContext {
  readonly platform: Platform;
  readonly bus: TelemetryBus;
}

/**
 * The tasks of all callers, from the answer of their servers until they are forgotten. A task is its owner's alone: for anybody else
 * there is no such task. The owner is a caller who is known, or else the one client that called.
 */
export class Tasks {
  readonly #context: TasksContext;
  readonly #kept = new Map<string, Kept>();
  readonly #places = new Set<Place>();
  #options: TasksOptions;
  #number = 0;
  #closed = false;

  constructor(options: TasksOptions, context: TasksContext) {
    this.#options = options;
    this.#context = context;
  }

  /** Changes the limits; what is there stays. */
  configure(options: TasksOptions): void {
    this.#options = options;
  }

  /** Whether tasks are offered to clients at all. */
  get isOffered(): boolean {
    return this.#options.max > 0;
  }

  /** The longest lifetime of a task, in milliseconds. */
  get ttlMaxMs(): number {
    return this.#options.max_ttl_s * 1_000;
  }

  /** Tasks that run or have ended and are not forgotten. */
  get size(): number {
    return this.#kept.size;
  }

  /** Takes a place for a task of that caller at that server or group; a failure where there is none. */
  reserve(entry: string, caller: Caller): TaskRoom | Failure {
    const share = shareOf(caller);
    const { max, max_per_caller: ofOne, max_per_server: atOne } = this.#options;
    if (this.#closed) return failure("connection", "the gateway is shutting down");
    if (this.#count((place) => place.share === share) >= ofOne) this.#forgetOldest(share);
    if (this.#places.size >= max) this.#forgetOldest(share);
    if (this.#count((place) => place.share === share) >= ofOne) return full(`${ofOne} tasks of one caller`, "caller");
    if (this.#places.size >= max) return full(`${max} tasks of all callers`, "");
    const running = this.#runningAt(entry);
    if (running >= atOne) return full(`${atOne} tasks of server "${entry}"`, "server");
    const place: Place = { share, entry, release: () => this.#giveBack(place) };
    this.#places.add(place);
    return place;
  }

  /** Keeps a task that a server has just begun, in the place that was taken for it. */
  begin(room: TaskRoom, { record, ...begin }: NewTask): RelayedTask {
    const { clock } = this.#context.platform;
    const { server } = begin.place;
    const tool = record.tool ?? server.id;
    const entry = record.group ?? server.id;
    const ttlMs = Math.min(begin.report.ttlMs ?? Number.POSITIVE_INFINITY, this.ttlMaxMs);
    const startedMs = clock.nowMs();
    // Nobody can guess it; the name of the server is for those who read logs.
    const id = `${entry}-${this.#context.platform.uuid()}`;
    this.#number += 1;
    // Not the record itself, which has the arguments of the call: a task lives for long.
    const { id: callId, caller, client, group } = record;
    const facts = { taskId: id, callId, server: server.id, tool, caller, client, trace: record.span.trace, group };
    const onEnd = (end: TaskEnd): void => {
      const durationSeconds = (clock.nowMs() - startedMs) / 1_000;
      this.#context.bus.emit(finished(end, { ...facts, durationSeconds, timeMs: clock.wallMs() }));
    };
    const task = new RelayedTask(
      { ...begin, id, number: this.#number, entry, tool, ttlMs, onEnd },
      this.#context.platform,
    );
    if (this.#closed) {
      room.release();
      task.abandon(shuttingDown());
      return task;
    }
    const cancelExpiry = clock.schedule(ttlMs, () => this.#expire(id));
    // `reserve` makes nothing else.
    this.#kept.set(id, { task, place: room as Place, cancelExpiry });
    return task;
  }

  /** Whether a server has that id for a task of another owner, too, in the same session, so that the two could not be told apart. */
  isOfAnother(
    upstreamId: string,
    { server, session }: Pick<TaskPlace, "server" | "session">,
    owner: TaskOwner,
  ): boolean {
    for (const { task } of this.#kept.values()) {
      if (task.upstreamId !== upstreamId || task.server !== server || !task.isNeeded || !task.isAt(session)) continue;
      if (!isOwn(task, owner)) return true;
    }
    return false;
  }

  /** The task of that id, if it is the party's own. */
  find(id: string, party: Party): RelayedTask | undefined {
    const task = this.#kept.get(id)?.task;
    return task !== undefined && isOwn(task, party) ? task : undefined;
  }

  /** All tasks of a party, oldest first. */
  of(party: Party): readonly RelayedTask[] {
    return [...this.#kept.values()].flatMap(({ task }) => (isOwn(task, party) ? [task] : []));
  }

  /** A server tells of the status of a task, under its own id. */
  told(server: ManagedServer, { method, params }: JsonRpcNotification, audience?: Audience): void {
    const report = readTask(params);
    if (report === undefined) return;
    for (const { task } of this.#kept.values()) {
      if (task.upstreamId !== report.id || task.server !== server || task.hasEnded) continue;
      if (audience?.(task.owner) === false) continue;
      task.learn(report);
      task.talk.tell({ method, params: task.shown(params) });
    }
  }

  /** A client has gone. What nobody else may ask for ends with it. */
  left(line: ClientLine): void {
    for (const { task } of this.#kept.values()) {
      if (task.owner.line === line && task.owner.caller.type === "anonymous") this.#forget(task, leftBehind());
    }
  }

  /** Ends all tasks, whose results nobody can fetch any more. */
  close(): void {
    this.#closed = true;
    for (const { task } of this.#kept.values()) {
      task.end(shuttingDown());
      this.#forget(task, shuttingDown());
    }
  }

  #count(counts: (place: Place) => boolean): number {
    let count = 0;
    for (const place of this.#places) if (counts(place)) count += 1;
    return count;
  }

  /** Those that have ended hold nothing at their server. */
  #runningAt(entry: string): number {
    const ended = new Set([...this.#kept.values()].flatMap(({ task, place }) => (task.hasEnded ? [place] : [])));
    return this.#count((place) => place.entry === entry && !ended.has(place));
  }

  #forgetOldest(share: string): void {
    for (const { task, place } of this.#kept.values()) {
      if (place.share === share && task.hasEnded) return this.#forget(task, leftBehind());
    }
  }

  #expire(id: string): void {
    const task = this.#kept.get(id)?.task;
    if (task === undefined) return;
    const words = `the task had not ended after ${task.ttlMs / 1_000} s, when its lifetime was over`;
    const outcome = { ...failure("timeout", words), maybeExecuted: true };
    this.#forget(task, { status: "failed", outcome, byServer: false });
  }

  /** Forgets a task; one that runs ends so. */
  #forget(task: RelayedTask, end: TaskEnd): void {
    const kept = this.#kept.get(task.id);
    this.#kept.delete(task.id);
    kept?.cancelExpiry();
    task.abandon(end);
    if (kept !== undefined) this.#places.delete(kept.place);
  }

  #giveBack(place: Place): void {
    for (const kept of this.#kept.values()) if (kept.place === place) return;
    this.#places.delete(place);
  }
}

function isOwn({ owner }: RelayedTask, party: Party): boolean {
  const whose = ownerOf("per_caller", party);
  return whose !== undefined && whose === ownerOf("per_caller", owner);
}

function full(limit: string, of: string): Failure {
  const key = of === "" ? "tasks.max" : `tasks.max_per_${of}`;
  return failure("overloaded", `there are ${limit} already, which is the limit (${key}); wait until some have ended`);
}

function shuttingDown(): TaskEnd {
  const outcome = {
    ...failure("connection", "the gateway is shutting down, and this task is lost"),
    maybeExecuted: true,
  };
  return { status: "failed", outcome, byServer: false };
}

function leftBehind(): TaskEnd {
  return {
    status: "cancelled",
    outcome: failure("cancelled", "the client that began the task has left"),
    byServer: false,
  };
}

/** The one event of the end of a task. */
function finished(end: TaskEnd, facts: Omit<TaskFinished, "type" | "outcome" | "rpcErrorCode">): TaskFinished {
  return {
    type: "task.finished",
    ...facts,
    outcome: endOutcome(end),
    rpcErrorCode: end.outcome.kind === "error" ? end.outcome.error.code : undefined,
  };
}

/** What the end means for telemetry: the status decides, and what the tool has answered says more of a failure. */
function endOutcome({ status, outcome }: TaskEnd): CallOutcome {
  if (status === "cancelled") return { status: "cancelled", message: "the task was cancelled" };
  const told = outcomeOf(outcome);
  if (status === "completed" || told.status !== "success") return told;
  return { status: "error", errorType: "tool_error", message: "the server reported that the task failed" };
}
