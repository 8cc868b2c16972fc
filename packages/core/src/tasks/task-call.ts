import type { CallRecord, ToolCall } from "../call.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { PeerDescription } from "../protocol/eras.ts";
import { isJsonObject, type JsonObject, type JsonRpcNotification } from "../protocol/json-rpc.ts";
import { ResultPayload } from "../protocol/result-payload.ts";
import type { UpstreamReply } from "../transports/session.ts";
import type { RelayedTask, TaskPlace } from "./relayed-task.ts";
import { readTask, taskMethods, withTaskRenamed } from "./task-messages.ts";
import type { TaskOwner } from "./task-talk.ts";
import type { TaskRoom, Tasks } from "./tasks.ts";

/** The wish of a client that its call becomes a task. */
export interface TaskWish {
  /** Member `task` of the call. */
  readonly params: JsonObject;
  readonly line: TaskOwner["line"];
  readonly wants: TaskOwner["wants"];
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
  readonly #noTask = new AbortController();
  #task: RelayedTask | undefined;
  #isAsked = false;

  constructor(tasks: Tasks, wish: TaskWish, record: CallRecord, room: TaskRoom) {
    this.#tasks = tasks;
    this.#wish = wish;
    this.#record = record;
    this.#room = room;
  }

  /** The same call, whose progress goes to the task once there is one. */
  redirected(call: ToolCall): ToolCall {
    const onNotification = (notification: JsonRpcNotification): void => {
      if (this.#task === undefined) call.onNotification?.(notification);
      else this.#task.talk.tell(notification);
    };
    return { ...call, onNotification };
  }

  /** Aborts when nothing more is to be heard of the call. */
  get over(): AbortSignal {
    return this.#noTask.signal;
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
    const { task: described, ...result } = reply.result.value;
    if (described === undefined) return reply;
    const report = readTask(described);
    if (report === undefined) return notReadable(ground.server);
    const place: TaskPlace = { ...ground, release: hold() };
    const { line, wants } = this.#wish;
    const owner: TaskOwner = { caller: this.#record.caller, line, wants };
    const canCancel = taskMethods(peer.capabilities)?.cancel === true;
    const task = this.#tasks.begin(this.#room, { owner, report, place, canCancel, record: this.#record });
    this.#task = task;
    task.ended.addEventListener("abort", () => this.#noTask.abort(), { once: true });
    const own = isJsonObject(described) ? described : {};
    const answer = withTaskRenamed({ ...result, task: task.shown(own) }, task.id);
    return { kind: "result", result: ResultPayload.ofTask(answer) };
  }

  /** The call has ended. */
  end(): void {
    if (this.#task !== undefined) return;
    this.#noTask.abort();
    this.#room.release();
  }
}

function notReadable({ id }: ManagedServer): UpstreamReply {
  const message = `server "${id}" answered with a task that has no id by which it could be asked for`;
  return { kind: "failed", errorType: "protocol", message, answered: true, maybeExecuted: true };
}
