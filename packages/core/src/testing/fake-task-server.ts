import { type JsonObject, type JsonRpcRequest, RPC } from "../protocol/json-rpc.ts";
import type { ServerRequestReply, UpstreamReply, UpstreamRequest } from "../transports/session.ts";
import { FAKE_PEER, type FakeReply, resultReply } from "./fake-session.ts";

/** A task at the fake server. */
export interface FakeTask {
  readonly taskId: string;
  readonly text: string;
  status: string;
  /** Answers each `tasks/result` that waits. */
  readonly waiting: { readonly request: UpstreamRequest; readonly answer: (reply: UpstreamReply) => void }[];
}

/** The peer that a server with tasks is. */
export const TASK_PEER: typeof FAKE_PEER = {
  ...FAKE_PEER,
  capabilities: { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
};

/** A server whose one tool, `work`, makes tasks that end when the test says so. Its ids count from 1 and so meet those of others. */
export class FakeTaskServer {
  readonly tasks = new Map<string, FakeTask>();
  /** Milliseconds that new tasks live, as the server says; it says nothing when `undefined`. */
  ttlMs: JsonObject["ttl"] = null;
  /** Whether `tasks/result` of a task that has not ended is refused. */
  isImpatient = false;
  /** Characters of results. */
  resultChars = 10;

  /** How it answers; to be the reply of a fake transport. */
  readonly reply: FakeReply = (request) => {
    const { method, params } = request;
    if (method === "tools/list") return resultReply({ tools: [{ name: "work", inputSchema: { type: "object" } }] });
    if (method === "ping") return resultReply({});
    if (method === "tools/call") return this.#begin(params);
    const task = this.tasks.get(params.taskId as string);
    if (task === undefined) return refusal(`Task ${JSON.stringify(params.taskId)} not found`, RPC.invalidParams);
    switch (method) {
      case "tasks/get":
        return resultReply(this.described(task));
      case "tasks/cancel":
        if (hasEnded(task)) return refusal("it has ended", RPC.invalidParams);
        this.end(task, "cancelled");
        return resultReply(this.described(task));
      case "tasks/result":
        if (hasEnded(task)) return this.#resultOf(task);
        if (this.isImpatient) return refusal("it has not ended", RPC.internalError);
        return new Promise((answer) => void task.waiting.push({ request, answer }));
      default:
        return refusal(`unknown method ${method}`, RPC.methodNotFound);
    }
  };

  described({ taskId, status }: FakeTask): JsonObject {
    return { taskId, status, ttl: this.ttlMs ?? null, createdAt: "2026-01-01T00:00:00Z", pollInterval: 5_000 };
  }

  /** Ends a task. */
  end(task: FakeTask, status: string): void {
    if (hasEnded(task)) return;
    task.status = status;
    for (const { answer } of task.waiting.splice(0)) answer(this.#resultOf(task));
  }

  /** Knows nothing of a task any more. */
  forget(task: FakeTask): void {
    this.tasks.delete(task.taskId);
    for (const { answer } of task.waiting.splice(0)) answer(refusal("not found", RPC.invalidParams));
  }

  /** Asks something on the way of a `tasks/result` that waits; `undefined` where none does. */
  ask(task: FakeTask, request: JsonRpcRequest): Promise<ServerRequestReply> | undefined {
    return task.waiting.at(-1)?.request.onServerRequest?.(request);
  }

  #begin({ arguments: args, task: wish }: JsonObject): UpstreamReply {
    const { text = "" } = (args ?? {}) as { readonly text?: string };
    if (wish === undefined) return resultReply({ content: [{ type: "text", text }] });
    const taskId = String(this.tasks.size + 1);
    const task: FakeTask = { taskId, text, status: "working", waiting: [] };
    this.tasks.set(taskId, task);
    return resultReply({ task: this.described(task) });
  }

  #resultOf({ text, status }: FakeTask): UpstreamReply {
    if (status === "cancelled") return refusal("it was cancelled", RPC.internalError);
    return resultReply({
      content: [{ type: "text", text: text.padEnd(this.resultChars, ".") }],
      ...(status === "failed" && { isError: true }),
    });
  }
}

function hasEnded({ status }: FakeTask): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

function refusal(message: string, code: number): UpstreamReply {
  return { kind: "error", error: { code, message } };
}
