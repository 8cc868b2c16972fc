import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { type JsonRpcNotification, type JsonRpcRequest, RPC } from "../protocol/json-rpc.ts";
import type { ServerRequestReply } from "../transports/session.ts";
import { RELATED_TASK } from "./task-messages.ts";
import { type TaskRoute, TaskTalk } from "./task-talk.ts";

const CALLER: Caller = { type: "api_key", id: registeredName("ann"), roles: [], credential: "ann" };
const OK: ServerRequestReply = { kind: "result", result: { action: "accept" } };
const question = (id = 1): JsonRpcRequest => ({ id, method: "elicitation/create", params: { message: "who?" } });

/** What the owner of a task is like. */
interface Manner {
  readonly canAnswer?: boolean;
  readonly isListening?: boolean;
  readonly mayHear?: () => boolean;
}

function talkTo({ canAnswer = true, isListening = false, mayHear = () => true }: Manner) {
  const ending = new AbortController();
  const pushed: JsonRpcNotification[] = [];
  const asked: JsonRpcRequest[] = [];
  const line = {
    id: "ann",
    abilities: {},
    logLevel: undefined,
    isListening,
    canAnswer: () => canAnswer,
    askAnytime: async (request: JsonRpcRequest) => {
      asked.push(request);
      return OK;
    },
    push: (told: JsonRpcNotification) => void pushed.push(told),
  };
  const talk = new TaskTalk("T", { caller: CALLER, line, wants: () => true, mayHear }, ending.signal);
  const waits = (ask?: TaskRoute["ask"]): AbortController => {
    const leave = new AbortController();
    const close = talk.open({ notify: (told) => void pushed.push(told), ask, signal: leave.signal });
    leave.signal.addEventListener("abort", close);
    return leave;
  };
  return { talk, ending, pushed, asked, waits };
}

describe("a question of a task", () => {
  it.each([
    ["its owner can answer nothing and nobody waits", { canAnswer: false }],
    ["its owner can answer nothing and is there", { canAnswer: false, isListening: true }],
  ])("is refused where %s", async (_what, manner) => {
    const { talk } = talkTo(manner);
    expect(await talk.ask(question())).toMatchObject({ kind: "error", error: { code: RPC.methodNotFound } });
    expect(talk.waiting).toBe(0);
  });

  it("is refused where the owner can answer nothing and waits on a way on which nobody can be asked", async () => {
    const { talk, waits } = talkTo({ canAnswer: false });
    waits();
    expect(await talk.ask(question())).toMatchObject({ kind: "error", error: { code: RPC.methodNotFound } });
  });

  it("is put to another client of the owner that waits for the task", async () => {
    const { talk, waits } = talkTo({ canAnswer: false });
    waits(async ({ params }) => {
      expect(params).toEqual({ message: "who?", _meta: { [RELATED_TASK]: { taskId: "T" } } });
      return OK;
    });
    expect(await talk.ask(question())).toEqual(OK);
  });

  it("goes to the stream of the owner where nobody waits, and to who waits last where somebody does", async () => {
    const { talk, asked, waits } = talkTo({ isListening: true });
    expect(await talk.ask(question())).toEqual(OK);
    expect(asked).toHaveLength(1);
    waits(async () => ({ kind: "error", error: { code: 1, message: "first" } }));
    waits(async () => ({ kind: "error", error: { code: 2, message: "second" } }));
    expect(await talk.ask(question())).toMatchObject({ error: { code: 2 } });
    expect(asked).toHaveLength(1);
  });

  it("is put again when the request of its owner ends on whose way it was asked", async () => {
    const { talk, waits } = talkTo({});
    const reply = talk.ask(question());
    const seen: string[] = [];
    const first = Promise.withResolvers<ServerRequestReply>();
    const left = waits(() => {
      seen.push("first");
      return first.promise;
    });
    // The same question is not asked twice.
    waits(async () => {
      seen.push("second");
      return OK;
    });
    expect(seen).toEqual(["first"]);
    left.abort();
    first.resolve({ kind: "error", error: { code: 0, message: "the call that asked has ended" } });
    expect(await reply).toEqual(OK);
    expect(seen).toEqual(["first", "second"]);
    expect(talk.waiting).toBe(0);
  });

  it("is refused beyond 32 that wait", async () => {
    const { talk, ending } = talkTo({});
    const replies = Array.from({ length: 1_000 }, (_, id) => talk.ask(question(id)));
    expect(talk.waiting).toBe(32);
    ending.abort();
    const words = (await Promise.all(replies)).map((reply) => reply.kind === "error" && reply.error.message);
    expect(words.filter((each) => each === "the task has ended")).toHaveLength(32);
    expect(talk.waiting).toBe(0);
    expect(await talk.ask(question())).toMatchObject({ error: { message: "the task has ended" } });
  });
});

it("a caller who may not use the tool any more is neither told nor asked", async () => {
  let mayHear = true;
  const { talk, pushed, asked, waits } = talkTo({ isListening: true, mayHear: () => mayHear });
  const told = { method: "notifications/progress", params: { progress: 1 } };
  talk.tell(told);
  expect(pushed).toEqual([told]);
  mayHear = false;
  waits(async () => OK);
  talk.tell(told);
  expect(pushed).toEqual([told]);
  expect(await talk.ask(question())).toMatchObject({ kind: "error" });
  expect(asked).toEqual([]);
});
