import type { CallRecord } from "../call.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { PeerDescription } from "../protocol/eras.ts";
import { isJsonObject, type JsonObject, type JsonRpcNotification } from "../protocol/json-rpc.ts";
import { ResultPayload } from "../protocol/result-payload.ts";
import type { Afterwards, UpstreamReply } from "../transports/session.ts";
import type { RelayedTask, TaskPlace } from "./relayed-task.ts";
import { isTooLargeForTask, readTask, taskMethods, withTaskRenamed } from "./task-messages.ts";
import type { TaskOwner } from "./task-talk.ts";
import type { TaskRoom, Tasks } from "./tasks.ts";

/** The wish of a client that its call becomes a task. */
export interface TaskWish {
  /** Member `task` of the call. */
  readonly params: JsonObject;
  readonly line: TaskOwner["line"];
  readonly wants: TaskOwner["wants"];
  readonly mayHear: TaskOwner["mayHear"];
}

/** Where a request was answered. */
export interface TaskGround extends Omit<TaskPlace, "release"> {
  readonly peer: PeerDescription;
  /** Keeps the session up until the returned function is called. */
  readonly hold: () => () => void;
}

/** One call that is to become a task, if its server agrees. */
export class TaskCall {
  readonly #tasks: Tasks;
  readonly #wish: TaskWish;
  readonly #record: CallRecord;
  readonly #room: TaskRoom;
  readonly #sequel: Sequel;
  #task: RelayedTask | undefined;
  #isAsked = false;

  constructor(tasks: Tasks, wish: TaskWish, record: CallRecord, room: TaskRoom) {
    this.#tasks = tasks;
    this.#wish = wish;
    this.#record = record;
    this.#room = room;
    this.#sequel = new Sequel(record.call.onNotification);
  }

  /** Who hears of the progress of the task, once there is one. */
  get afterwards(): Afterwards {
    return this.#sequel;
  }

  /** What the params of the call have besides. A server that makes no tasks is not asked for one, and answers as ever. */
  params({ capabilities, era }: PeerDescription): JsonObject {
    this.#isAsked = era === "legacy" && taskMethods(capabilities) !== undefined;
    if (!this.#isAsked) return {};
    const { ttl, ...wish } = this.#wish.params;
    return {
      task: typeof ttl === "number" ? { ...wish, ttl: Math.min(ttl, this.#tasks.ttlMaxMs) } : this.#wish.params,
    };
  }

  /** Takes over the task that a server has begun; any other answer stays as it is. */
  taken(reply: UpstreamReply, { peer, hold, ...ground }: TaskGround): UpstreamReply {
    if (!this.#isAsked || reply.kind !== "result") return reply;
    if (isTooLargeForTask(reply.result)) return reply.result.summary.hasTask ? NOT_READABLE : reply;
    const { task: described, ...result } = reply.result.value;
    if (described === undefined) return reply;
    const report = readTask(described);
    if (report === undefined) return NOT_READABLE;
    const { line, wants, mayHear } = this.#wish;
    const owner: TaskOwner = { caller: this.#record.caller, line, wants, mayHear };
    if (this.#tasks.isOfAnother(report.id, ground, owner)) return NOT_UNIQUE;
    const place: TaskPlace = { ...ground, release: hold() };
    const canCancel = taskMethods(peer.capabilities)?.cancel === true;
    const task = this.#tasks.begin(this.#room, { owner, report, place, canCancel, record: this.#record });
    this.#task = task;
    this.#sequel.begin(task);
    const own = isJsonObject(described) ? described : {};
    const answer = withTaskRenamed({ ...result, task: task.shown(own) }, task.id);
    return { kind: "result", result: ResultPayload.ofTask(answer) };
  }

  /** The call has ended. */
  end(): void {
    if (this.#task !== undefined) return;
    this.#sequel.over();
    this.#room.release();
  }
}

/** What is heard of a call behind its answer. It outlives the call, of which it keeps nothing. */
class Sequel implements Afterwards {
  readonly #over = new AbortController();
  #tell: ((notification: JsonRpcNotification) => void) | undefined;

  /** `tell` hears of what comes before there is a task. */
  constructor(tell: ((notification: JsonRpcNotification) => void) | undefined) {
    this.#tell = tell;
  }

  get until(): CancelSignal {
    return this.#over.signal;
  }

  readonly tell = (notification: JsonRpcNotification): void => this.#tell?.(notification);

  begin({ talk, ended }: RelayedTask): void {
    this.#tell = (notification) => talk.tell(notification);
    ended.addEventListener("abort", () => this.over(), { once: true });
    if (ended.aborted) this.over();
  }

  over(): void {
    this.#tell = undefined;
    this.#over.abort();
  }
}

/** The task is there, but nobody could come back to it. */
const NOT_READABLE = refused("it answered with a task that has no id by which it could be asked for");
/** What its server says of one of the two would be heard by the caller of the other. */
const NOT_UNIQUE = refused("it answered with the id of a task that runs for another caller");

function refused(message: string): UpstreamReply {
  return { kind: "failed", errorType: "protocol", message, answered: true, maybeExecuted: true };
}
