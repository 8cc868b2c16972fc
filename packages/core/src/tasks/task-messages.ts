import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json-rpc.ts";
import { metaOf } from "../protocol/meta.ts";
import type { ResultPayload } from "../protocol/result-payload.ts";

/** Key of `_meta` that says to which task a message belongs. */
export const RELATED_TASK = "io.modelcontextprotocol/related-task";

/** States of a task, as revision 2025-11-25 spells them. */
const STATUSES = ["working", "input_required", "completed", "failed", "cancelled"] as const;
export type TaskStatus = (typeof STATUSES)[number];
export type EndStatus = Extract<TaskStatus, "completed" | "failed" | "cancelled">;

/** Characters of an id that a server gives to a task. */
const ID_CHARS_MAX = 1_024;
/** Bytes of JSON of the description of a task; a larger one is not read. */
const DESCRIPTION_BYTES_MAX = 64 * 1024;
/** Shortest lifetime of a task in milliseconds: its client has to come back to it. */
const TTL_MIN_MS = 1_000;

/** A task as a server describes it. */
export interface TaskReport {
  /** The server's own id. */
  readonly id: string;
  readonly status: TaskStatus;
  /** Lifetime from the start in milliseconds; `undefined` where the server sets none, which servers also spell 0. */
  readonly ttlMs: number | undefined;
  /** The description as it came. */
  readonly value: JsonObject;
}

/** Reads a task out of a server's message; `undefined` when there is none that could be asked for again. */
export function readTask(value: JsonValue | undefined): TaskReport | undefined {
  if (!isJsonObject(value)) return undefined;
  const { taskId, ttl } = value;
  if (typeof taskId !== "string" || taskId === "" || taskId.length > ID_CHARS_MAX) return undefined;
  const status = STATUSES.find((known) => known === value.status) ?? "working";
  const ttlMs = typeof ttl === "number" && ttl > 0 && Number.isFinite(ttl) ? Math.max(TTL_MIN_MS, ttl) : undefined;
  return { id: taskId, status, ttlMs, value };
}

/** Whether a result is too large for what a server says of a task. */
export function isTooLargeForTask({ bytes }: ResultPayload): boolean {
  return (bytes?.length ?? 0) > DESCRIPTION_BYTES_MAX;
}

/** Whether nothing more happens to a task with that status. */
export function isEnd(status: TaskStatus): status is EndStatus {
  return status !== "working" && status !== "input_required";
}

/** What a server offers for tasks. */
export interface TaskMethods {
  readonly list: boolean;
  readonly cancel: boolean;
}

/** What the capabilities of a server say about tasks; `undefined` when its tools cannot be called as tasks. */
export function taskMethods(capabilities: JsonObject | undefined): TaskMethods | undefined {
  const tasks = capabilities?.tasks;
  if (!isJsonObject(tasks) || !isJsonObject(tasks.requests) || !isJsonObject(tasks.requests.tools)) return undefined;
  if (!isJsonObject(tasks.requests.tools.call)) return undefined;
  return { list: isJsonObject(tasks.list), cancel: isJsonObject(tasks.cancel) };
}

/** Whether a tool, as it is listed, can be called as a task only. */
export function isTaskOnly({ execution }: JsonObject): boolean {
  return isJsonObject(execution) && execution.taskSupport === "required";
}

/** The task that the params of a message say they belong to, under its sender's id. */
export function relatedTaskOf(params: JsonObject): string | undefined {
  const related = metaOf(params)[RELATED_TASK];
  return isJsonObject(related) && typeof related.taskId === "string" ? related.taskId : undefined;
}

/** Params or a result that belong to a task, under the id that the receiver knows. */
export function withRelatedTask(value: JsonObject, taskId: string): JsonObject {
  return { ...value, _meta: { ...metaOf(value), [RELATED_TASK]: { taskId } } };
}

/** The same where the sender says that it belongs to a task; otherwise as it came. */
export function withTaskRenamed(value: JsonObject, taskId: string): JsonObject {
  return metaOf(value)[RELATED_TASK] === undefined ? value : withRelatedTask(value, taskId);
}

/** Places at which a text names its task; what names it more often is no sentence. */
const NAMED_MAX = 8;
/** Characters of a text in which it is looked for. */
const NAMING_CHARS_MAX = 10_000;
/** Whether a character may be part of an id or a word. */
const IN_WORD = /[\w-]/;

/** Words of a server in which a task has the id that the receiver knows. Ids may be as short as `1`: parts of other words stay. */
export function withIdRenamed(text: string, upstreamId: string, id: string): string {
  const isPart = (at: number): boolean => IN_WORD.test(text.charAt(at));
  let renamed = "";
  let from = 0;
  let named = 0;
  for (
    let at = text.indexOf(upstreamId);
    at !== -1 && at < NAMING_CHARS_MAX && named < NAMED_MAX;
    at = text.indexOf(upstreamId, at + 1)
  ) {
    if (at < from || isPart(at - 1) || isPart(at + upstreamId.length)) continue;
    renamed += text.slice(from, at) + id;
    from = at + upstreamId.length;
    named += 1;
  }
  return renamed + text.slice(from);
}
