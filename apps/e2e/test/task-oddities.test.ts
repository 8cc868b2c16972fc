import { setTimeout as delay } from "node:timers/promises";
import { heapProbe, poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { taskClient } from "../src/harness/task-client.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { type LegacySession, openLegacySession, type RpcMessage } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STRANGE = nodeServer(fixtureFile("strange-tasks/main.ts"));
/** Longer than anything here takes, and shorter than the test may. */
const PATIENCE_MS = 20_000;

let gateway: HttpGateway;
let ann: LegacySession;
let bob: LegacySession;

beforeAll(async () => {
  gateway = await startGateway({
    mcp_servers: { odd: STRANGE },
    tasks: { max_per_caller: 1_000, max_per_server: 100 },
  });
  [ann, bob] = await Promise.all(
    [0, 1].map(() => openLegacySession(gateway.mcpUrl("odd"))) as [Promise<LegacySession>, Promise<LegacySession>],
  );
});

afterAll(() => gateway?.[Symbol.asyncDispose]());

async function call(session: LegacySession, method: string, params: object): Promise<RpcMessage> {
  return (await session.request(method, params, { signal: AbortSignal.timeout(PATIENCE_MS) })).message;
}

/** Begins a task of a strange kind; gives its description, or the error in its place. */
async function begin(oddity: object, session = ann, more: object = {}): Promise<Record<string, unknown>> {
  const { result, error } = await call(session, "tools/call", { name: "odd", arguments: oddity, task: {}, ...more });
  return (result?.task ?? error) as Record<string, unknown>;
}

async function seen(): Promise<Record<string, number>> {
  const { result } = await call(ann, "tools/call", { name: "seen", arguments: {} });
  const [{ text = "{}" } = {}] = (result?.content ?? []) as { text?: string }[];
  return JSON.parse(text) as Record<string, number>;
}

test.each(["__proto__", "constructor", "hasOwnProperty", "1", "a\nb\u2028c", "x".repeat(1_024), "$&", "\u0000"])(
  "a task whose server calls it %j is one like others",
  async (id) => {
    const { taskId } = await begin({ id });
    expect(taskId).toMatch(/^odd-[0-9a-f-]{36}$/);
    const { result } = await call(ann, "tasks/result", { taskId });
    expect(result).toEqual({
      content: [{ type: "text", text: "x".repeat(10) }],
      _meta: { "io.modelcontextprotocol/related-task": { taskId } },
    });
    expect((await call(ann, "tasks/get", { taskId })).result).toMatchObject({ taskId, status: "completed" });
    expect((await call(bob, "tasks/get", { taskId })).error).toMatchObject({ code: -32_602 });
  },
);

test.each(
  ["", 5, null, {}, ["a"], "x".repeat(1_025), "x".repeat(100_000), "x".repeat(2_000_000)].map((id) => ({ id })),
)("a task without an id by which it could be asked for is no task ($id)", async ({ id }) => {
  expect(await begin({ id })).toMatchObject({
    code: -32_050,
    message: 'server "odd": it answered with a task that has no id by which it could be asked for',
  });
});

test("whatever a server says of its task, the official client can read it", async () => {
  await using client = await taskClient(gateway.mcpUrl("odd"));
  const kinds = [0, -1, 0.5, 1e308, "x", "x".repeat(50_000), null, [], {}, true];
  const members = ["status", "ttl", "createdAt", "lastUpdatedAt", "pollInterval", "statusMessage", "_meta", "other"];
  for (const member of members) {
    for (const kind of kinds) {
      const { taskId } = await client.begin("odd", { described: { [member]: kind }, result: "never" });
      const task = await client.tasks.getTask(taskId);
      expect(task, `${member}: ${JSON.stringify(kind)}`).toMatchObject({ taskId, status: "working" });
      expect(task.ttl).toBeGreaterThanOrEqual(1_000);
      expect(task.pollInterval ?? 1).toBeGreaterThan(0);
      expect(JSON.stringify(task).length).toBeLessThan(60_000);
      await client.tasks.cancelTask(taskId);
    }
  }
  expect((await client.tasks.listTasks()).tasks.length).toBeGreaterThan(0);
});

describe("a result", () => {
  test.each([
    ["comes once, though its server answers twice", { result: "twice" }, "first"],
    ["of 20 MB comes whole", { bytes: 20_000_000 }, "x".repeat(20_000_000)],
    ["comes, though a thousand questions are asked first", { questions: 1_000 }, "x".repeat(10)],
    ["comes, though its server says that it works", { statuses: ["working"] }, "x".repeat(10)],
    ["comes, though its server says nothing else", { statuses: ["error"] }, "x".repeat(10)],
  ])("%s", async (_what, oddity, text) => {
    const { taskId } = await begin(oddity);
    for (let time = 0; time < 2; time++) {
      const { result } = await call(ann, "tasks/result", { taskId });
      const [{ text: came } = { text: "" }] = (result?.content ?? []) as { text: string }[];
      expect(came === text).toBe(true);
    }
  });

  test("that is an error has the id that its client knows, and grows by little", async () => {
    const { taskId } = await begin({ id: "1", result: "error", bytes: 50_000, statuses: ["failed"] });
    const { error } = await call(ann, "tasks/result", { taskId });
    expect(error).toMatchObject({
      code: -32_000,
      message: expect.stringContaining(`${String(taskId)} ${String(taskId)}`),
    });
    expect(error?.message.length).toBeLessThan(51_000);
  });

  test("that is never there leaves its server in peace", async () => {
    const { taskId } = await begin({ result: "junk", statuses: ["completed"] });
    const { error } = await call(ann, "tasks/result", { taskId });
    expect(error).toMatchObject({ code: -32_050, data: { error_type: "protocol" } });
    const before = await seen();
    await delay(1_000);
    const after = await seen();
    expect(after["tasks/result"]).toBe(before["tasks/result"]);
  });
});

test.each(["tools/call", "tasks/get", "tasks/result", "tasks/cancel"])(
  "a server that crashes at %s fails its tasks, in words, and works again",
  async (crashAt) => {
    const other = await begin({ result: "never" });
    const { taskId, message } = await begin({ crashAt, result: crashAt === "tasks/result" ? "text" : "never" });
    if (crashAt === "tools/call") expect(message).toContain("exited with code 7");
    else {
      for (const method of ["tasks/get", "tasks/cancel"]) await call(ann, method, { taskId });
      const { error } = await call(ann, "tasks/result", { taskId });
      expect(error?.message).toContain("was stopped, restarted or lost");
    }
    expect((await call(ann, "tasks/result", { taskId: other.taskId })).error?.message).toContain("lost");
    await poll("the server", async () => "taskId" in (await begin({})));
  },
);

test("two tasks of two callers are never one, also where their server says so", async () => {
  const hers = await begin({ id: "same", result: "never" });
  expect(await begin({ id: "same", result: "never" }, bob)).toMatchObject({
    code: -32_050,
    message: expect.stringContaining("the id of a task that runs for another caller"),
  });
  await call(ann, "tasks/cancel", { taskId: hers.taskId });
  expect(await begin({ id: "same" }, bob)).toMatchObject({ status: "working" });
});

test.each(
  [null, "x", [], 5, true, { ttl: -1 }, { ttl: 0 }, { ttl: 1e308 }, { ttl: "a" }, { ttl: null }].map((task) => ({
    task,
  })),
)("the wish $task for a task does no harm", async ({ task }) => {
  // What is no wish is ignored; the server answers with a task nevertheless, of which its own ttl is seen.
  const ttl = task === null || typeof task !== "object" || Array.isArray(task) ? null : 86_400_000;
  expect(await begin({}, ann, { task })).toMatchObject({ status: "working", ttl });
});

const NO_TASKS = ["", "__proto__", 5, null, ["a"], {}, "x".repeat(100_000), "odd-00000000-0000-4000-8000-000000000000"];
test.each(NO_TASKS.map((taskId) => ({ taskId })))(
  "a task that never was is refused in words of a few characters",
  async ({ taskId }) => {
    for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
      const { error } = await call(ann, method, { taskId });
      expect(error?.code).toBe(-32_602);
      expect(error?.message.length).toBeLessThan(400);
    }
  },
);

const NO_CURSORS = ["", "after--1", "after-1e3", "after-0x1", " after-1", 5, null, ["after-1"], "x".repeat(100_000)];
test.each(NO_CURSORS.map((cursor) => ({ cursor })))(
  "a cursor that nobody gave is refused in words of a few characters",
  async ({ cursor }) => {
    const { error } = await call(ann, "tasks/list", { cursor });
    expect(error?.code).toBe(-32_602);
    expect(error?.message.length).toBeLessThan(400);
  },
);

test("neither those who wait for a task and leave, nor the arguments of its call, stay in memory", async () => {
  await using own = await startGateway({ mcp_servers: { odd: STRANGE } }, { NODE_OPTIONS: "--inspect=127.0.0.1:0" });
  using heap = await heapProbe(() => own.process.stderr());
  const session = await openLegacySession(own.mcpUrl("odd"));
  const args = { result: "never", pad: Array.from({ length: 50_000 }, (_, index) => `pad ${index}`) };
  const beginLarge = (progressToken: number): Promise<unknown> => begin(args, session, { _meta: { progressToken } });
  const { taskId } = await begin({ result: "never" }, session);
  const leave = async (): Promise<void> => {
    const left = new AbortController();
    const waiting = session.request("tasks/result", { taskId }, { signal: left.signal }).catch(() => undefined);
    await delay(2);
    left.abort();
    await waiting;
  };
  await beginLarge(0);
  for (let time = 0; time < 50; time++) await leave();
  const before = await heap.liveBytes();
  for (let task = 1; task <= 30; task++) await beginLarge(task);
  const perTask = ((await heap.liveBytes()) - before) / 30;
  expect(perTask).toBeLessThan(50_000);
  for (let time = 0; time < 500; time++) await leave();
  expect(((await heap.liveBytes()) - before) / 500 - (perTask * 30) / 500).toBeLessThan(2_000);
});
