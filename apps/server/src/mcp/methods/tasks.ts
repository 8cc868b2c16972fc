import {
  type CallResult,
  isTooLargeForTask,
  type JsonObject,
  type Party,
  type RelayedTask,
  ResultPayload,
  RPC,
  readTask,
  withIdRenamed,
  withRelatedTask,
} from "@mcp-hangar/core";
import { shortText } from "@mcp-hangar/telemetry";
import { type Answer, answerOf, errorAnswer, resultAnswer } from "../answer.ts";
import type { ClientRequest } from "../client-request.ts";
import type { Endpoint } from "../endpoint.ts";
import type { LegacySession } from "../legacy-session.ts";
import { linked, relayContext, translated } from "./relay.ts";

/** Tasks of one page of `tasks/list`. */
const PAGE_TASKS = 50;
/** Bytes of a result that is parsed and written anew to say which task it is of. */
const REBUILT_BYTES_MAX = 1024 * 1024;

/** A request of a client that uses tasks. */
type TaskRequest = ClientRequest & { readonly session: LegacySession };

/** `tasks/get`: how a task is, as its server says now, or as it ended. */
export async function getTask(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const task = taskOf(endpoint, request);
  if ("kind" in task) return task;
  task.talk.putAgain();
  if (task.hasEnded) return resultAnswer(task.shown());
  const answer = await answerAbout(endpoint, request, task);
  // It may have ended meanwhile, or turned out to be lost.
  if (task.hasEnded) return resultAnswer(task.shown());
  if (answer.kind === "error") return answer;
  const report = readTask({ ...answer.result.value, taskId: task.id });
  if (report === undefined) return errorAnswer(RPC.internalError, "the server did not say how the task is");
  task.learn(report);
  return translated(resultAnswer(task.shown(answer.result.value)), request);
}

/** `tasks/result`: what the tool has answered, as soon as the task has ended; until then its owner is told and asked here. */
export async function taskResult(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const task = taskOf(endpoint, request);
  if ("kind" in task) return task;
  const { channel, signal } = request;
  const context = relayContext(request);
  const outcome = await task.result({
    notify: (notification) => channel.notify(notification),
    ask: channel.ask === undefined ? undefined : context.onServerRequest,
    signal,
  });
  const answer =
    outcome === undefined ? await answerAbout(endpoint, request, task) : told(endpoint, request, task, outcome);
  if (answer.kind === "error") return answer;
  return translated(linked(endpoint, { server: task.entry, name: task.tool }, ofTask(answer, task)), request);
}

/** `tasks/cancel`: has the server of a task stop. */
export async function cancelTask(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const task = taskOf(endpoint, request);
  if ("kind" in task) return task;
  const isOver = (): Answer => errorAnswer(RPC.invalidParams, `the task has ended already: it is ${task.status}`);
  if (task.hasEnded) return isOver();
  if (!task.canCancel) {
    return errorAnswer(RPC.methodNotFound, `tasks of server "${task.entry}" cannot be cancelled: the server cannot`);
  }
  const answer = await answerAbout(endpoint, request, task);
  if (answer.kind === "error") return task.hasEnded ? isOver() : answer;
  const report = readTask({ ...answer.result.value, taskId: task.id });
  if (report !== undefined) task.learn(report);
  task.cancelled();
  return translated(resultAnswer(task.shown(answer.result.value)), request);
}

/** `tasks/list`: the tasks of the caller, as they were last heard of. Their servers are not asked: theirs are those of all callers. */
export function listTasks(endpoint: Endpoint, request: ClientRequest): Answer {
  if (!usesTasks(request)) return unknownMethod(request);
  const { cursor } = request.params;
  const after = cursor === undefined ? 0 : placeOf(cursor);
  if (after === undefined)
    return errorAnswer(RPC.invalidParams, `invalid cursor ${shortText(JSON.stringify(cursor), 200)}`);
  const own = endpoint.gateway.tasks.of(partyOf(request)).filter((task) => isShown(endpoint, request, task));
  const rest = own.filter(({ number }) => number > after);
  const page = rest.slice(0, PAGE_TASKS);
  const last = page.at(-1);
  const result = { tasks: page.map((task) => task.shown()) };
  return resultAnswer(
    rest.length > page.length && last !== undefined ? { ...result, nextCursor: `after-${last.number}` } : result,
  );
}

function placeOf(cursor: unknown): number | undefined {
  const match = typeof cursor === "string" ? /^after-(\d{1,15})$/.exec(cursor) : null;
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The task that a request names, or why there is none: in the same words for one of somebody else, and one that never was. */
function taskOf(endpoint: Endpoint, request: ClientRequest): RelayedTask | Answer {
  if (!usesTasks(request)) return unknownMethod(request);
  const { taskId } = request.params;
  if (typeof taskId !== "string") return errorAnswer(RPC.invalidParams, `${request.method} needs a string "taskId"`);
  const task = endpoint.gateway.tasks.find(taskId, partyOf(request));
  if (task === undefined || !isShown(endpoint, request, task)) {
    return errorAnswer(
      RPC.invalidParams,
      `there is no task "${shortText(taskId, 200)}": it is unknown here, or has expired`,
    );
  }
  if (request.record !== undefined) request.record.server = task.entry;
  return task;
}

/** Whether the caller may still call the tool of a task, at this endpoint. */
function isShown({ scope, gateway }: Endpoint, { caller }: ClientRequest, { entry, tool }: RelayedTask): boolean {
  if (!scope.has(entry) || !scope.shows(caller, entry, "tools", tool)) return false;
  // A task of a server that was removed is still there, to say so.
  return gateway.fleet.entry(entry)?.catalog.hides("tools", tool) !== true;
}

function usesTasks(request: ClientRequest): request is TaskRequest {
  return request.session?.takesTasks === true;
}

function partyOf({ caller, session }: TaskRequest): Party {
  return { caller, line: session };
}

function unknownMethod({ method }: ClientRequest): Answer {
  return errorAnswer(RPC.methodNotFound, `unknown method "${method}": tasks were not offered to this client`);
}

/** Passes a request about a task on to its server. */
async function answerAbout(endpoint: Endpoint, request: ClientRequest, task: RelayedTask): Promise<Answer> {
  const { method, record, admitted, signal } = request;
  const result = await endpoint.gateway.askAbout(task, { ...relayContext(request), method, record, admitted }, signal);
  if (record !== undefined) record.result = result;
  const answer = renamed(answerOf(result), task);
  if (method === "tasks/result" || answer.kind === "error" || !isTooLargeForTask(answer.result)) return answer;
  return errorAnswer(RPC.internalError, "what the server says of the task is too large");
}

/** An outcome in the words that the caller may hear. */
function told(endpoint: Endpoint, { caller, record }: ClientRequest, task: RelayedTask, outcome: CallResult): Answer {
  if (record !== undefined) record.result = outcome;
  return renamed(answerOf(endpoint.gateway.told(outcome, caller, task.server.id)), task);
}

/** Errors of servers name the task by their own id. */
function renamed(answer: Answer, { upstreamId, id }: RelayedTask): Answer {
  if (answer.kind === "result") return answer;
  return { ...answer, error: { ...answer.error, message: withIdRenamed(answer.error.message, upstreamId, id) } };
}

/** A result that says which task it is of, as the protocol demands; one that is too large to be written anew goes as it came. */
function ofTask(answer: Answer & { readonly kind: "result" }, task: RelayedTask): Answer {
  const { result } = answer;
  if ((result.bytes?.length ?? 0) > REBUILT_BYTES_MAX) return answer;
  const value: JsonObject = withRelatedTask(result.value, task.id);
  return { kind: "result", result: ResultPayload.ofValue(value) };
}
