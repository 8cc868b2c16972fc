import { poll } from "@mcp-hangar/testing";
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rest } from "../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { type TaskClient, taskClient } from "../src/harness/task-client.ts";
import { type HttpUpstream, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const FIXTURE = "tasks/main.ts";
const RELATED = "io.modelcontextprotocol/related-task";
const FOREVER = 600_000;
/** A task that never was. */
const UNKNOWN = "work-00000000-0000-4000-8000-000000000000";

let remote: HttpUpstream;
let secured: SecuredGateway;
const keys = new Map<string, string>();

beforeAll(async () => {
  remote = await startFixture(FIXTURE, "http");
  secured = await startSecuredGateway({
    mcp_servers: {
      piped: nodeServer(fixtureFile(FIXTURE)),
      remote: { mode: "remote", endpoint: remote.url },
      apart: { ...nodeServer(fixtureFile(FIXTURE)), sessions: "per_caller" },
    },
    auth: { roles: { pid_only: { permissions: ["tools:call"], tools: { allow: ["*/pid"] } } } },
    tasks: { max_per_server: 100 },
  });
  for (const who of ["ann", "bob"]) keys.set(who, await secured.keyFor(who, "agent"));
});

afterAll(async () => {
  await secured?.[Symbol.asyncDispose]();
  await remote?.[Symbol.asyncDispose]();
});

const connect = (who: string, server?: string, manner: object = {}): Promise<TaskClient> =>
  taskClient(secured.gateway.mcpUrl(server), { key: keys.get(who) ?? "", name: who, ...manner });

/** What a client hears in place of a task. */
async function refusalOf(work: Promise<unknown>): Promise<{ code: number; message: string }> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: { code: number; message: string }) => ({ code: error.code, message: error.message }),
  );
  if ("value" in outcome) throw new Error(`not refused: ${JSON.stringify(outcome.value)}`);
  return outcome;
}

const ended = (client: TaskClient, taskId: string): Promise<unknown> =>
  poll(`the end of ${taskId}`, async () => {
    const { status } = await client.tasks.getTask(taskId);
    return status !== "working" && status !== "input_required";
  });

const ROUTES = [
  { server: undefined, prefix: "piped__" },
  { server: undefined, prefix: "remote__" },
  { server: "piped", prefix: "" },
  { server: "remote", prefix: "" },
  { server: "apart", prefix: "" },
] as const;

describe.each(ROUTES)("tasks of $prefix at the endpoint of $server", ({ server, prefix }) => {
  test("are begun, looked at and fetched under an id of the gateway, as often as their client likes", async () => {
    await using ann = await connect("ann", server);
    const { taskId, status, ttl } = await ann.begin(`${prefix}work_only`, { text: "hello", ms: 200 }, { ttl: 60_000 });
    expect({ status, ttl }).toEqual({ status: "working", ttl: 60_000 });
    expect(taskId).toMatch(/^[a-z]+-[0-9a-f-]{36}$/);
    expect(await ann.tasks.getTask(taskId)).toMatchObject({ taskId, ttl: 60_000, pollInterval: 50 });
    expect(await Promise.all([ann.result(taskId), ann.result(taskId)])).toEqual(["hello", "hello"]);
    expect(await ann.result(taskId)).toBe("hello");
    expect(await ann.tasks.getTask(taskId)).toMatchObject({ taskId, status: "completed" });
    const { _meta: meta } = await ann.tasks.getTaskResult(taskId, CallToolResultSchema);
    expect(meta).toEqual({ [RELATED]: { taskId } });
    await poll("the told end", () => ann.told.some((told) => told.taskId === taskId && told.status === "completed"));
    expect(ann.told.every((told) => told.taskId === taskId)).toBe(true);
  });

  test("exist for nobody but their caller", async () => {
    await using ann = await connect("ann", server);
    await using too = await connect("ann", server);
    await using bob = await connect("bob", server);
    const { taskId } = await ann.begin(`${prefix}work`, { text: "mine", ms: FOREVER });
    for (const look of [
      (id: string) => bob.tasks.getTask(id),
      (id: string) => bob.result(id),
      (id: string) => bob.tasks.cancelTask(id),
    ]) {
      const refusal = await refusalOf(look(taskId));
      const unknown = await refusalOf(look(UNKNOWN));
      expect(refusal).toEqual({ code: -32_602, message: unknown.message.replaceAll(UNKNOWN, taskId) });
    }
    expect((await bob.tasks.listTasks()).tasks.map((task) => task.taskId)).not.toContain(taskId);
    expect((await too.tasks.listTasks()).tasks.map((task) => task.taskId)).toContain(taskId);
    expect(await too.tasks.getTask(taskId)).toMatchObject({ status: "working" });
    expect(bob.told).toEqual([]);
    expect(await too.tasks.cancelTask(taskId)).toMatchObject({ taskId, status: "cancelled" });
    expect(await ann.tasks.getTask(taskId)).toMatchObject({ taskId, status: "cancelled" });
    expect(await refusalOf(ann.tasks.cancelTask(taskId))).toMatchObject({ code: -32_602 });
    await poll("the server to know", async () => {
      const held = await ann.client.callTool({ name: `${prefix}held`, arguments: {} });
      return JSON.stringify(held).includes("cancelled");
    });
  });

  test.each([true, false])("ask their client, whether or not it keeps a stream open (deaf: %s)", async (isDeaf) => {
    await using ann = await connect("ann", server, { isDeaf });
    await using bob = await connect("bob", server);
    const other = await bob.begin(`${prefix}ask`, { text: "you" });
    const { taskId } = await ann.begin(`${prefix}ask_only`, { text: "who" });
    if (isDeaf) {
      await poll("the question", async () => (await ann.tasks.getTask(taskId)).status === "input_required");
      expect(ann.asked).toEqual([]);
    }
    expect(await ann.result(taskId)).toBe("who: ann");
    expect(ann.asked).toEqual([{ [RELATED]: { taskId } }]);
    expect(await bob.result(other.taskId)).toBe("you: bob");
    expect(bob.asked).toEqual([{ [RELATED]: { taskId: other.taskId } }]);
  });

  test("tell of their progress under the token of the call", async () => {
    await using ann = await connect("ann", server);
    const { taskId } = await ann.begin(`${prefix}steps`, { text: "step", ms: 50 }, { progress: true });
    expect(await ann.result(taskId)).toBe("step");
    const _meta = { [RELATED]: { taskId } };
    expect(ann.progress).toEqual([1, 2, 3].map((progress) => ({ progress, total: 3, message: "step", _meta })));
  });

  test("end as their tool does: with its own failure, with an error, or with a result that is too large to be kept", async () => {
    await using ann = await connect("ann", server);
    const broken = await ann.begin(`${prefix}broken`, { text: "no luck" });
    await ended(ann, broken.taskId);
    expect(await ann.tasks.getTask(broken.taskId)).toMatchObject({ status: "failed" });
    expect(await ann.result(broken.taskId)).toBe("no luck");
    const gone = await ann.begin(`${prefix}gone`, { text: "lost it" });
    await ended(ann, gone.taskId);
    expect(await ann.tasks.getTask(gone.taskId)).toMatchObject({ status: "failed", statusMessage: "lost it" });
    expect(await refusalOf(ann.result(gone.taskId))).toMatchObject({ message: expect.stringContaining("no result") });
    const large = await ann.begin(`${prefix}large`, { ms: 200_000 });
    expect(await ann.result(large.taskId)).toHaveLength(200_000);
    expect(await ann.result(large.taskId)).toHaveLength(200_000);
  });
});

test("tasks are listed page by page, each once, in the order of their beginning", async () => {
  keys.set("eve", await secured.keyFor("eve", "agent"));
  await using eve = await connect("eve");
  const begun: string[] = [];
  for (let index = 0; index < 55; index++) {
    begun.push((await eve.begin(`${index % 2 === 0 ? "piped" : "remote"}__work`, {})).taskId);
  }
  const listed: string[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const page = await eve.tasks.listTasks(cursor);
    listed.push(...page.tasks.map((task) => task.taskId));
    cursor = page.nextCursor;
    pages += 1;
  } while (cursor !== undefined);
  expect(listed).toEqual(begun);
  expect(pages).toBe(2);
  expect(await refusalOf(eve.tasks.listTasks("elsewhere"))).toMatchObject({ code: -32_602 });
  await using own = await connect("eve", "remote");
  const mine = (await own.tasks.listTasks()).tasks.map((task) => task.taskId);
  expect(mine).toEqual(begun.filter((_id, index) => index % 2 === 1));
});

test("what can be called as a task only is neither listed to clients without tasks, nor called by them", async () => {
  const key = keys.get("ann") ?? "";
  const url = secured.gateway.mcpUrl();
  await using ann = await connect("ann");
  expect(await ann.names()).toContain("piped__work_only");
  const ask = async (method: string, params = {}): Promise<string> =>
    JSON.stringify((await modernRequest(url, method, params, { headers: bearer(key) })).message);
  const listed = JSON.parse(await ask("tools/list")) as { result: { tools: readonly { name: string }[] } };
  const names = listed.result.tools.map(({ name }) => name);
  expect(names).toContain("piped__work");
  expect(names.filter((name) => name.endsWith("_only"))).toEqual([]);
  expect(await ask("server/discover")).not.toContain("tasks");
  const params = { name: "piped__work_only", arguments: {}, task: {} };
  expect(await ask("tools/call", params)).toContain("as a task only");
  const calls = [{ server: "piped", tool: "work_only" }];
  const batch = await ann.client.callTool({ name: "hangar_call", arguments: { calls } });
  expect(JSON.stringify(batch)).toContain("as a task only");
  // Without the wish for a task, a tool that can do both works as ever.
  const plain = await ann.client.callTool({ name: "piped__work", arguments: { text: "at once" } });
  expect(plain.content).toEqual([{ type: "text", text: "at once" }]);
});

test("a task exists only for as long as its caller may call the tool", async () => {
  const key = await secured.keyFor("pat", "pid_only");
  await using pat = await taskClient(secured.gateway.mcpUrl(), { key });
  expect(await refusalOf(pat.begin("piped__work"))).toMatchObject({ message: expect.stringContaining("unknown tool") });
  expect((await pat.tasks.listTasks()).tasks).toEqual([]);
});

test("a task whose server crashes or is stopped has failed, in words", async () => {
  await using ann = await connect("ann");
  const words = expect.stringContaining("was stopped, restarted or lost");
  const crashed = await ann.begin("apart__crash", { ms: 100 });
  expect(await refusalOf(ann.result(crashed.taskId))).toMatchObject({ code: -32_050, message: words });
  expect(await ann.tasks.getTask(crashed.taskId)).toMatchObject({ status: "failed", statusMessage: words });
  await poll("the told failure", () =>
    ann.told.some(({ taskId, status }) => taskId === crashed.taskId && status === "failed"),
  );
  for (const server of ["piped", "remote"]) {
    const { taskId } = await ann.begin(`${server}__work`, { ms: FOREVER });
    const waiting = refusalOf(ann.result(taskId));
    const headers = bearer(secured.admin);
    expect((await rest(secured.gateway, "POST", `/api/mcp_servers/${server}/stop`, { headers })).status).toBe(200);
    expect(await waiting).toMatchObject({ code: -32_050, message: words });
    expect(await ann.tasks.getTask(taskId)).toMatchObject({ status: "failed", statusMessage: words });
  }
});
