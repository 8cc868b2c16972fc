import type { Caller } from "@mcp-hangar/telemetry";
import type { ClientLine } from "../lifecycle/session-party.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import { type JsonRpcNotification, type JsonRpcRequest, RPC } from "../protocol/json-rpc.ts";
import type { ServerRequestReply } from "../transports/session.ts";
import { withRelatedTask, withTaskRenamed } from "./task-messages.ts";

/** Questions of one task that wait for its owner; more are refused. */
const QUESTIONS_MAX = 32;

/** Who called a tool as a task, and how they are reached between their requests. */
export interface TaskOwner {
  readonly caller: Caller;
  readonly line: ClientLine;
  /** Whether a notification is for the client: log messages have levels. */
  readonly wants: (notification: JsonRpcNotification) => boolean;
  /** Whether the caller may still call the tool: roles change. */
  readonly mayHear: () => boolean;
}

/** The way to the owner while a request of theirs waits for the task. */
export interface TaskRoute {
  readonly notify: (notification: JsonRpcNotification) => void;
  /** Absent where the client cannot be asked on this way. */
  readonly ask: ((request: JsonRpcRequest) => Promise<ServerRequestReply>) | undefined;
  /** Aborts when the request has ended. */
  readonly signal: CancelSignal;
}

interface Question {
  readonly request: JsonRpcRequest;
  readonly settle: (reply: ServerRequestReply) => void;
  isAsked: boolean;
}

/**
 * What a server says and asks while it works on a task. It goes to the owner by a `tasks/result` that waits, or else by the stream that
 * their client keeps open. A question that finds neither waits until one is there or the task has ended.
 */
export class TaskTalk {
  readonly #taskId: string;
  readonly #owner: TaskOwner;
  readonly #ended: CancelSignal;
  readonly #routes = new Set<TaskRoute>();
  readonly #questions = new Set<Question>();

  constructor(taskId: string, owner: TaskOwner, ended: CancelSignal) {
    this.#taskId = taskId;
    this.#owner = owner;
    this.#ended = ended;
    ended.addEventListener("abort", () => this.#refuseAll(), { once: true });
  }

  /** Questions that the owner has not answered. */
  get waiting(): number {
    return this.#questions.size;
  }

  /** Passes on what the server says. */
  tell({ method, params }: JsonRpcNotification): void {
    const notification = { method, params: withTaskRenamed(params, this.#taskId) };
    if (!this.#owner.wants(notification) || !this.#owner.mayHear()) return;
    const route = [...this.#routes].at(-1);
    if (route === undefined) this.#owner.line.push(notification);
    else route.notify(notification);
  }

  /** Puts a question of the server to the owner. Never rejects. */
  ask({ id, method, params }: JsonRpcRequest): Promise<ServerRequestReply> {
    if (this.#ended.aborted) return Promise.resolve(refusal("the task has ended"));
    if (!this.#owner.mayHear()) return Promise.resolve(refusal("the caller may not use this tool any more"));
    // Another client of the caller may wait for the task, and say itself what it can.
    if (this.#askableRoute() === undefined && !this.#owner.line.canAnswer(method)) {
      return Promise.resolve(refusal(`${method}: the client behind this task cannot answer it`, RPC.methodNotFound));
    }
    if (this.#questions.size >= QUESTIONS_MAX) {
      return Promise.resolve(refusal(`${QUESTIONS_MAX} questions of this task wait for an answer already`));
    }
    // Tasks of the client's own are not relayed: the question is answered when it is answered.
    const { task: _task, ...rest } = params;
    return new Promise((resolve) => {
      const question: Question = {
        request: { id, method, params: withRelatedTask(rest, this.#taskId) },
        settle: (reply) => {
          if (this.#questions.delete(question)) resolve(reply);
        },
        isAsked: false,
      };
      this.#questions.add(question);
      this.#put(question);
    });
  }

  /** Adds a way to the owner, which is the first choice until the returned function is called. */
  open(route: TaskRoute): () => void {
    this.#routes.add(route);
    this.putAgain();
    return () => this.#routes.delete(route);
  }

  /** The owner was heard of, and may be there to be asked. */
  putAgain(): void {
    for (const question of this.#questions) this.#put(question);
  }

  #askableRoute(): TaskRoute | undefined {
    return [...this.#routes].findLast(({ ask, signal }) => ask !== undefined && !signal.aborted);
  }

  #put(question: Question): void {
    if (question.isAsked || this.#ended.aborted) return;
    const route = this.#askableRoute();
    const { line } = this.#owner;
    if (route === undefined && !line.isListening) return;
    question.isAsked = true;
    const asked = route?.ask?.(question.request) ?? line.askAnytime(question.request, this.#ended);
    void asked.catch(couldNotBeAsked).then((reply) => {
      question.isAsked = false;
      const isCutOff = reply.kind === "error" && route?.signal.aborted === true && !this.#ended.aborted;
      if (isCutOff) this.#put(question);
      else question.settle(reply);
    });
  }

  #refuseAll(): void {
    for (const { settle } of this.#questions) settle(refusal("the task has ended"));
  }
}

function couldNotBeAsked(error: unknown): ServerRequestReply {
  return refusal(`the client could not be asked: ${String(error)}`);
}

function refusal(message: string, code: number = RPC.internalError): ServerRequestReply {
  return { kind: "error", error: { code, message } };
}
