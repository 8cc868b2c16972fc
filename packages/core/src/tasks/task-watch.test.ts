import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import type { CallResult } from "../call.ts";
import { Gateway } from "../gateway.ts";
import type { ClientLine } from "../lifecycle/session-party.ts";
import { circuitBreakerOptions, executionOptions, serverOptions } from "../options.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import { ResultPayload } from "../protocol/result-payload.ts";
import { TASK_PEER } from "../testing/fake-task-server.ts";
import { type FakeReply, FakeTransport, fakePlatform, RecordingBus, resultReply } from "../testing/index.ts";
import { tooLarge, type UpstreamReply } from "../transports/session.ts";
import type { RelayedTask } from "./relayed-task.ts";

const CALLER: Caller = { type: "api_key", id: registeredName("ann"), roles: [], credential: "ann" };
const LINE: ClientLine = {
  id: "ann",
  abilities: {},
  logLevel: undefined,
  isListening: true,
  canAnswer: () => true,
  askAnytime: async () => ({ kind: "result", result: {} }),
  push: () => {},
};
const HOUR_MS = 3_600_000;
const TASK = { taskId: "1", status: "working", ttl: null };
const RESULT = resultReply({ content: [] });
const refusal = (code: number): UpstreamReply => ({ kind: "error", error: { code, message: "no" } });
const broken: UpstreamReply = { kind: "failed", errorType: "connection", message: "it broke", maybeExecuted: true };
const unreadable: UpstreamReply = { ...broken, errorType: "protocol", message: "no JSON", answered: true };

/** How a server answers about its one task; of more than one reply the last is repeated. */
interface Manner {
  readonly result: readonly (UpstreamReply | "hang")[];
  readonly get: readonly (UpstreamReply | string)[];
}

/** A task at a server of that manner, `ms` after its beginning. */
async function taskAfter({ result, get }: Manner, ms: number) {
  const platform = fakePlatform();
  const asked: Record<string, number> = {};
  const next = <Reply>(method: string, replies: readonly Reply[]): Reply => {
    const index = asked[method] ?? 0;
    asked[method] = index + 1;
    const reply = replies[Math.min(index, replies.length - 1)];
    if (reply === undefined) throw new Error(`no reply to ${method}`);
    return reply;
  };
  const reply: FakeReply = ({ method }) => {
    if (method === "tools/list") return resultReply({ tools: [{ name: "work" }] });
    if (method === "tools/call") return resultReply({ task: TASK });
    if (method === "tasks/result") return next(method, result);
    if (method !== "tasks/get") return resultReply({});
    const status = next(method, get);
    return typeof status === "string" && status !== "hang"
      ? resultReply({ ...TASK, status })
      : (status as UpstreamReply | "hang");
  };
  const transport = new FakeTransport(platform.clock, { peer: TASK_PEER, reply });
  const gateway = new Gateway({
    servers: { fake: serverOptions.parse({ mode: "subprocess", command: "fake" }) },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus: new RecordingBus(),
    platform,
    info: { name: "test", version: "0" },
    transports: () => transport,
  });
  const task = { params: {}, line: LINE, wants: () => true, mayHear: () => true };
  await gateway.callTool({ server: "fake", tool: "work", caller: CALLER, line: LINE, task, clientEra: "legacy" });
  const [begun] = gateway.tasks.of({ caller: CALLER, line: LINE });
  if (begun === undefined) throw new Error("there is no task");
  await platform.clock.advanceAsync(ms);
  return { task: begun, asked, platform, gateway, transport };
}

const outcomeOf = (task: RelayedTask): Promise<CallResult | undefined> =>
  task.result({ notify: () => {}, ask: undefined, signal: new AbortController().signal });

describe("the end of a task", () => {
  it.each<[string, Manner, string, JsonObject]>([
    ["its result", { result: [RESULT], get: ["completed"] }, "completed", { kind: "result" }],
    ["its result, whatever its status", { result: [RESULT], get: ["working"] }, "completed", { kind: "result" }],
    ["its result, when nobody says how it is", { result: [RESULT], get: ["hang"] }, "completed", { kind: "result" }],
    [
      "its result, though it is forgotten",
      { result: [RESULT], get: [refusal(-32_602)] },
      "completed",
      { kind: "result" },
    ],
    ["its own failure", { result: [RESULT], get: ["failed"] }, "failed", { kind: "result" }],
    ["its error", { result: [refusal(-32_000)], get: ["working", "working", "failed"] }, "failed", { kind: "error" }],
    [
      "an error though it is completed",
      { result: [refusal(-32_000)], get: ["completed"] },
      "completed",
      { kind: "error" },
    ],
    ["its cancellation", { result: [refusal(-32_000)], get: ["cancelled"] }, "cancelled", { code: "cancelled" }],
    [
      "that it is unknown",
      { result: [refusal(-32_602)], get: [refusal(-32_602)] },
      "failed",
      { code: "upstream_error" },
    ],
    [
      "the error of a server that never says how it is",
      { result: [refusal(-32_000)], get: [refusal(-32_000)] },
      "failed",
      { kind: "error" },
    ],
    ["that it says nothing at all", { result: [broken], get: ["hang"] }, "failed", { code: "connection" }],
    ["a result that cannot be read", { result: [unreadable], get: ["completed"] }, "completed", { code: "protocol" }],
    [
      "a result that is too large",
      { result: [tooLarge("300 MB")], get: ["completed"] },
      "completed",
      { code: "upstream_rejected" },
    ],
    [
      "a result that is cut off again and again",
      { result: [broken], get: ["failed"] },
      "failed",
      { code: "connection" },
    ],
    [
      "the result of the second attempt",
      { result: [broken, RESULT], get: ["working"] },
      "completed",
      { kind: "result" },
    ],
  ])("is %s", async (_what, manner, status, outcome) => {
    const { task } = await taskAfter(manner, 5 * 60_000);
    expect(task.hasEnded).toBe(true);
    expect(task.status).toBe(status);
    expect(await outcomeOf(task)).toMatchObject(outcome);
  });

  it.each<[string, Manner]>([
    ["cannot be read", { result: [unreadable], get: ["working"] }],
    ["is refused", { result: [refusal(-32_000)], get: ["working"] }],
    ["breaks at once", { result: [broken], get: ["working"] }],
    ["has ended and is too large", { result: [tooLarge("300 MB")], get: ["completed"] }],
    ["is of no task that anybody knows of", { result: [refusal(-32_000)], get: [refusal(-32_000)] }],
  ])("is not asked for all the time where the result %s", async (_what, manner) => {
    const { asked } = await taskAfter(manner, HOUR_MS);
    // A server that refuses to wait is asked every second, as it could be by any client.
    const most = manner.result[0] === broken || manner.result[0] === unreadable ? HOUR_MS / 7_000 : HOUR_MS / 990;
    expect(asked["tasks/result"]).toBeLessThan(most);
  });

  it("is not taken back by a server that says otherwise later", async () => {
    const { task, gateway, transport } = await taskAfter({ result: ["hang"], get: ["working"] }, 0);
    const seen = ["working", "completed", "working", "input_required", "failed"].map((status) => {
      const params = { ...TASK, status };
      transport.lastSession?.emitNotification({ method: "notifications/tasks/status", params });
      return task.status;
    });
    expect(seen).toEqual(["working", "completed", "completed", "completed", "completed"]);
    await gateway.close();
    expect(task.status).toBe("failed");
  });

  it("is not looked for at a server that would have to be started for it", async () => {
    const { task, gateway, transport, platform } = await taskAfter(
      {
        result: [{ kind: "result", result: ResultPayload.ofValue({ content: ["x".repeat(100_000)] }) }],
        get: ["completed"],
      },
      1_000,
    );
    expect(await outcomeOf(task)).toBeUndefined();
    transport.lastSession?.crash();
    await platform.clock.advanceAsync(0);
    const attempts = transport.attempts;
    expect(await gateway.askAbout(task, { method: "tasks/result", caller: CALLER })).toMatchObject({
      code: "connection",
    });
    expect(transport.attempts).toBe(attempts);
  });
});

describe("requests that wait for a task", () => {
  it("are no more than the limit: the oldest gives way, and is told why", async () => {
    const { task, gateway } = await taskAfter({ result: ["hang"], get: ["working"] }, 0);
    const outcomes: (CallResult | undefined)[] = [];
    for (let count = 0; count < 100; count++) {
      void outcomeOf(task).then((outcome) => outcomes.push(outcome));
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcomes).toHaveLength(84);
    expect(new Set(outcomes.map((outcome) => outcome?.kind === "failure" && outcome.code))).toEqual(
      new Set(["overloaded"]),
    );
    await gateway.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcomes).toHaveLength(100);
  });
});
