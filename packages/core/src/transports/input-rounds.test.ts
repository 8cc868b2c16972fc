import { describe, expect, it } from "vitest";
import type { JsonObject, JsonRpcRequest } from "../protocol/json-rpc.ts";
import { FAKE_PEER, type FakeReply, FakeSession, fakePlatform, resultReply, settlePromises } from "../testing/index.ts";
import { answerInputs, wantsInput } from "./input-rounds.ts";
import type { ServerRequestReply, UpstreamReply, UpstreamRequest } from "./session.ts";

const NAME = { method: "elicitation/create", params: { message: "Your name?", requestedSchema: { type: "object" } } };
const ROOTS = { method: "roots/list" };
const DONE = { resultType: "complete", content: [{ type: "text", text: "done" }] };
const CALL = { name: "greet", arguments: { loud: true }, _meta: { progressToken: 7 } };

const required = (more: JsonObject): JsonObject => ({ resultType: "input_required", ...more });
const answered = (result: JsonObject): ServerRequestReply => ({ kind: "result", result });

function setUp(replies: readonly JsonObject[] | FakeReply) {
  const platform = fakePlatform();
  const asked: JsonRpcRequest[] = [];
  const rest = typeof replies === "function" ? undefined : [...replies];
  const reply: FakeReply = typeof replies === "function" ? replies : () => resultReply(rest?.shift() ?? DONE);
  const session = new FakeSession({
    peer: { ...FAKE_PEER, era: "modern" },
    observer: {
      onNotification: () => {},
      onServerRequest: async () => answered({}),
      onClosed: () => {},
      onLog: () => {},
      onMessage: () => {},
    },
    reply,
    closing: async () => {},
    onEnd: () => {},
  });
  const run = async (
    answer: ((request: JsonRpcRequest) => Promise<ServerRequestReply>) | undefined,
    more: Partial<UpstreamRequest> = {},
  ): Promise<UpstreamReply> => {
    const request: UpstreamRequest = {
      method: "tools/call",
      params: CALL,
      signal: undefined,
      trace: {},
      clientEra: "legacy",
      onServerRequest:
        answer &&
        ((question) => {
          asked.push(question);
          return answer(question);
        }),
      ...more,
    };
    const first = await session.request(request);
    if (!wantsInput(first)) throw new Error("the first reply wants no input");
    return answerInputs(session, request, first, platform);
  };
  return { platform, session, asked, run };
}

describe("answerInputs", () => {
  it("puts every question to the client and repeats the request with the answers and the exact state", async () => {
    const state = '{"sealed": "ä\\u0000"} ';
    const { session, asked, run } = setUp([
      required({ inputRequests: { name: NAME, ["__proto__"]: ROOTS }, requestState: state }),
      DONE,
    ]);
    const reply = await run(async ({ method }) => answered({ for: method }));
    expect(reply.kind === "result" && reply.result.value).toEqual(DONE);
    expect(asked).toMatchObject([NAME, { method: "roots/list", params: {} }]);
    expect(new Set(asked.map(({ id }) => id)).size).toBe(2);
    const again = session.requests[1]?.params;
    expect(again).toMatchObject({ ...CALL, requestState: state });
    expect(Object.entries(again?.inputResponses ?? {})).toEqual([
      ["name", { for: "elicitation/create" }],
      ["__proto__", { for: "roots/list" }],
    ]);
  });

  it("sends only what belongs to the latest round", async () => {
    const { session, run } = setUp([
      required({ inputRequests: { one: NAME }, requestState: "1" }),
      required({ inputRequests: { two: ROOTS } }),
      DONE,
    ]);
    await run(async ({ method }) => answered({ for: method }), {
      params: { ...CALL, inputResponses: { stale: {} }, requestState: "stale" },
    });
    expect(session.requests.slice(1).map(({ params }) => params)).toEqual([
      { ...CALL, inputResponses: { one: { for: "elicitation/create" } }, requestState: "1" },
      { ...CALL, inputResponses: { two: { for: "roots/list" } } },
    ]);
  });

  it("gives elicitation by URL the id that the legacy era demands", async () => {
    const url = {
      method: "elicitation/create",
      params: { mode: "url", message: "Sign in", url: "https://example.com" },
    };
    const { asked, run } = setUp([required({ inputRequests: { url } })]);
    await run(async () => answered({ action: "accept" }));
    expect(asked[0]?.params).toEqual({ ...url.params, elicitationId: expect.stringMatching(/./) });
  });

  it("waits a moment before it repeats a request that was answered with nothing but a state", async () => {
    const { platform, session, run } = setUp([required({ requestState: "busy" })]);
    const reply = run(undefined);
    await platform.clock.advanceAsync(249);
    expect(session.requests).toHaveLength(1);
    await platform.clock.advanceAsync(1);
    expect(await reply).toMatchObject({ kind: "result" });
    expect(session.requests[1]?.params).toEqual({ ...CALL, requestState: "busy" });
  });

  it.each([
    {
      name: "the client refuses",
      wanted: { inputRequests: { name: NAME } },
      answer: async (): Promise<ServerRequestReply> => ({ kind: "error", error: { code: -1, message: "not now" } }),
      says: "the client did not answer elicitation/create: not now",
    },
    {
      name: "asking fails",
      wanted: { inputRequests: { name: NAME } },
      answer: () => Promise.reject(new Error("gone")),
      says: "could not be asked elicitation/create: Error: gone",
    },
    {
      name: "the client cannot be asked",
      wanted: { inputRequests: { name: NAME } },
      answer: undefined,
      says: "elicitation/create: the client behind this call cannot be asked",
    },
    { name: "a question is none", wanted: { inputRequests: { name: "?" } }, says: "input of an unknown kind" },
    { name: "there is nothing to ask", wanted: {}, says: "does not say which" },
    {
      name: "there are too many questions",
      wanted: { inputRequests: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`q${n}`, ROOTS])) },
      says: "asks 33 questions at once",
    },
  ])("ends with an error when $name", async ({ wanted, answer = async () => answered({}), says, name }) => {
    const { session, run } = setUp([required(wanted)]);
    const reply = await run(name === "the client cannot be asked" ? undefined : answer);
    expect(reply).toMatchObject({ kind: "error", error: { code: -32603, message: expect.stringContaining(says) } });
    expect(session.requests).toHaveLength(1);
  });

  it("gives up after ten rounds", async () => {
    const { session, run } = setUp(() => resultReply(required({ inputRequests: { name: NAME } })));
    const reply = await run(async () => answered({}));
    expect(reply).toMatchObject({ kind: "error", error: { message: expect.stringContaining("after 10 rounds") } });
    expect(session.requests).toHaveLength(11);
  });

  it("ends at once when the caller leaves while its client is asked, and leaves no timer behind", async () => {
    const { platform, session, asked, run } = setUp([required({ inputRequests: { name: NAME } })]);
    const abort = new AbortController();
    const reply = run(() => new Promise(() => {}), { signal: abort.signal });
    await settlePromises();
    expect(asked).toHaveLength(1);
    abort.abort();
    expect(await reply).toMatchObject({ kind: "failed", errorType: "aborted", maybeExecuted: true });
    expect([session.requests.length, platform.clock.pendingTimers]).toEqual([1, 0]);
  });

  it("passes on how a later round failed", async () => {
    let round = 0;
    const broken: UpstreamReply = { kind: "failed", errorType: "connection", message: "broke", maybeExecuted: true };
    const { run } = setUp(() => (round++ === 0 ? resultReply(required({ inputRequests: { name: NAME } })) : broken));
    expect(await run(async () => answered({}))).toBe(broken);
  });
});
