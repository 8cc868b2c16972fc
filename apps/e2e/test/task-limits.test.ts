import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { followFromStart } from "../src/harness/event-follower.ts";
import { gatewayArguments, startGateway, writeConfig } from "../src/harness/gateway-process.ts";
import { taskClient } from "../src/harness/task-client.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { causedFacts, expectToldOnce } from "../src/harness/told-facts.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { witness } from "../src/harness/witness.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const SERVERS = { piped: nodeServer(fixtureFile("tasks/main.ts")) };
const FOREVER = 600_000;
const refused = (message: string): object => ({ code: expect.any(Number), message: expect.stringContaining(message) });

test("the beginning of a task is told as a call, its end as the end of a task, and looks at it as requests, each once in each place", async () => {
  await using inside = await witness();
  await using folder = await temporaryFolder();
  await using gateway = await startGateway(
    {
      mcp_servers: SERVERS,
      history: { file: join(folder.path, "history.db") },
      logging: { level: "debug", json_format: true },
      config_reload: { watch: false },
    },
    inside.env,
  );
  await using follower = await followFromStart(gateway.url);
  await using ann = await taskClient(gateway.mcpUrl("piped"), { isMute: true });
  const work = await ann.begin("work_only", { text: "done" });
  expect(await ann.result(work.taskId)).toBe("done");
  const broken = await ann.begin("broken", {});
  await ann.result(broken.taskId);
  const stopped = await ann.begin("work", { ms: FOREVER });
  await ann.tasks.cancelTask(stopped.taskId);
  const crashed = await ann.begin("crash", {});
  await expect(ann.result(crashed.taskId)).rejects.toMatchObject(refused("was stopped, restarted or lost"));
  await ann.tasks.listTasks();
  const by = (fact: string): string => `${fact} anonymous`;
  const begun = by("call.finished");
  const end = by("task.finished");
  await poll("all facts", () => causedFacts(inside).length >= 16);
  expect(causedFacts(inside)).toEqual([
    by("operation.finished followEvents"),
    by("session.opened"),
    by("request.finished initialize"),
    begun,
    end,
    by("request.finished tasks/result"),
    begun,
    end,
    by("request.finished tasks/result"),
    begun,
    end,
    by("request.finished tasks/cancel"),
    begun,
    end,
    by("request.finished tasks/result"),
    by("request.finished tasks/list"),
  ]);
  const records = inside.events().flatMap(({ record }) => (record?.type.startsWith("tool.") ? [record] : []));
  expect(records.map(({ type, outcome, reason }) => [type, outcome, reason])).toEqual([
    ["tool.call.completed", "unknown", "task"],
    ["tool.task.completed", "success", undefined],
    ["tool.call.completed", "unknown", "task"],
    ["tool.task.failed", "failure", "tool_error"],
    ["tool.call.completed", "unknown", "task"],
    ["tool.task.cancelled", "cancelled", undefined],
    ["tool.call.completed", "unknown", "task"],
    ["tool.task.failed", "failure", "connection"],
  ]);
  await expectToldOnce(gateway, { witness: inside, follower });
});

test("tasks have limits by caller and in all, of which those that have ended give way to new ones of the same caller", async () => {
  await using gateway = await startGateway({ mcp_servers: SERVERS, tasks: { max: 3, max_per_caller: 2 } });
  await using ann = await taskClient(gateway.mcpUrl("piped"));
  const first = await ann.begin("work", { text: "first" });
  expect(await ann.result(first.taskId)).toBe("first");
  const second = await ann.begin("work", { ms: FOREVER });
  const third = await ann.begin("work", { ms: FOREVER });
  await expect(ann.tasks.getTask(first.taskId)).rejects.toMatchObject(refused("there is no task"));
  await expect(ann.begin("work")).rejects.toMatchObject(refused("tasks.max_per_caller"));
  expect((await ann.tasks.listTasks()).tasks.map(({ taskId }) => taskId)).toEqual([second.taskId, third.taskId]);
  await ann.tasks.cancelTask(second.taskId);
  await ann.begin("work", { ms: FOREVER });
  expect((await gateway.metrics()).sum("mcp_hangar_tasks_kept")).toBe(2);
  // A call that is none is not refused.
  expect((await ann.client.callTool({ name: "work", arguments: { text: "at once" } })).content).toHaveLength(1);
});

test("a task ends with its lifetime, and so does what its server does for it", async () => {
  await using gateway = await startGateway({ mcp_servers: SERVERS, tasks: { max_ttl_s: 1 } });
  await using ann = await taskClient(gateway.mcpUrl("piped"));
  const { taskId, ttl } = await ann.begin("work", { ms: FOREVER }, { ttl: FOREVER });
  expect(ttl).toBe(1_000);
  await expect(ann.result(taskId)).rejects.toMatchObject(refused(""));
  await poll("the end of the task", () =>
    ann.tasks.getTask(taskId).then(
      () => false,
      ({ message }: Error) => message.includes("there is no task"),
    ),
  );
  await poll("the word of its end", () => gateway.events("task_finished").length > 0);
  expect(gateway.events("task_finished")).toHaveLength(1);
});

test("a client that nobody knows loses its tasks with its session, and nobody else sees them", async () => {
  await using gateway = await startGateway({ mcp_servers: SERVERS });
  await using ann = await taskClient(gateway.mcpUrl());
  await using bob = await taskClient(gateway.mcpUrl());
  const { taskId } = await ann.begin("piped__work", { ms: FOREVER });
  await expect(bob.tasks.getTask(taskId)).rejects.toMatchObject(refused("there is no task"));
  expect((await bob.tasks.listTasks()).tasks).toEqual([]);
  await ann.leave();
  await poll("the end", () => gateway.events("task_finished").length === 1);
  await poll("the server to know", async () => {
    return JSON.stringify(await bob.client.callTool({ name: "piped__held", arguments: {} })).includes("cancelled");
  });
});

test("without room for tasks none are offered, and with the end of the gateway they end", async () => {
  await using none = await startGateway({ mcp_servers: SERVERS, tasks: { max: 0 } });
  await using bob = await taskClient(none.mcpUrl("piped"));
  expect(bob.client.getServerCapabilities()).not.toHaveProperty("tasks");
  expect(await bob.names()).not.toContain("work_only");
  await using gateway = await startGateway({ mcp_servers: SERVERS });
  await using ann = await taskClient(gateway.mcpUrl("piped"));
  await ann.begin("work", { ms: FOREVER });
  await gateway.stop();
  expect(gateway.events("task_finished")).toMatchObject([{ status: "cancelled" }]);
});

test("tasks work over stdio, too", async () => {
  await using folder = await temporaryFolder();
  const config = await writeConfig(folder.path, { mcp_servers: SERVERS });
  const args = gatewayArguments("serve", "--config", config);
  await using ann = await taskClient({ command: process.execPath, args });
  const { taskId } = await ann.begin("piped__ask_only", { text: "who" });
  expect(await ann.result(taskId)).toBe("who: ann");
  await poll("the told end", () => ann.told.some((told) => told.taskId === taskId && told.status === "completed"));
});
