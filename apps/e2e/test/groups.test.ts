import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { commandLine, poll, processesMarked } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GatewayConfig, type HttpGateway, startGateway, writeConfig } from "../src/harness/gateway-process.ts";
import { CLIENT_KINDS, connect } from "../src/harness/mcp-client.ts";
import { EVERYTHING, nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest, namesIn, type RpcMessage, textOf } from "../src/harness/wire-client.ts";

const MEMBERS = ["one", "two", "three"] as const;
type Member = (typeof MEMBERS)[number];

/** A group as `GET /api/groups/{group}` shows it, as far as these tests look at it. */
interface GroupView {
  readonly in_rotation: number;
  readonly members: readonly { readonly id: Member; readonly in_rotation: boolean; readonly in_flight: number }[];
}

/** Three times server-everything and a group of them, which is checked often so that a test need not wait long. */
function start(marker: string): Promise<HttpGateway> {
  return startGateway(configOf(marker));
}

function configOf(marker: string): GatewayConfig {
  const members = MEMBERS.map((id) => {
    const server = nodeServer(EVERYTHING, "stdio", `${marker}-${id}-end`);
    return [id, { ...server, health_check_interval_s: 2 }] as const;
  });
  const group = { mode: "group", members: MEMBERS.map((id) => ({ id })), health: { unhealthy_threshold: 1 } };
  return { mcp_servers: { ...Object.fromEntries(members), all: group } };
}

/** A load of calls through the group, until it is stopped; gives what was answered. */
function startLoad(gateway: HttpGateway): { readonly answers: readonly string[]; stop(): Promise<void> } {
  const answers: string[] = [];
  let stopped = false;
  const workers = Array.from({ length: 6 }, async (_, worker) => {
    for (let turn = 0; !stopped; turn += 1) {
      const answer = await call(gateway, "all__get-sum", { a: worker, b: turn });
      answers.push(answer.error === undefined ? textOf(answer) : JSON.stringify(answer.error));
      // A caller that thinks now and then leaves the machine some room.
      await delay(5);
    }
  });
  return {
    answers,
    async stop() {
      stopped = true;
      await Promise.all(workers);
    },
  };
}

const failuresIn = (answers: readonly string[]): readonly string[] =>
  answers.filter((answer) => !answer.startsWith("The sum of"));

async function groupView(gateway: HttpGateway): Promise<GroupView> {
  const response = await fetch(`${gateway.url}/api/groups/all`);
  expect(response.status).toBe(200);
  return (await response.json()) as GroupView;
}

function call(gateway: HttpGateway, tool: string, args: object, server?: string): Promise<RpcMessage> {
  return modernRequest(gateway.mcpUrl(server), "tools/call", { name: tool, arguments: args }).then(
    ({ message }) => message,
  );
}

async function served(gateway: HttpGateway, member: string): Promise<number> {
  const page = await gateway.metrics();
  return page.sum("mcp_hangar_tool_calls_total", { mcp_server: member, status: "success" });
}

describe("the faces of a group", () => {
  let gateway: HttpGateway;

  beforeAll(async () => {
    gateway = await start(`faces-${process.pid}`);
  });

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
  });

  test.each(CLIENT_KINDS)("serve tools, prompts and resources to the official client %s", async (kind) => {
    await using own = await connect(kind, gateway.mcpUrl("all"));
    await using aggregate = await connect(kind, gateway.mcpUrl());
    const tools = (await own.tools()).map(({ name }) => name);
    expect(tools).toContain("get-sum");
    // Members are behind the group: only what it offers is listed.
    const listed = (await aggregate.tools()).map(({ name }) => name).filter((name) => !name.startsWith("hangar_"));
    expect(listed).toEqual(tools.map((name) => `all__${name}`));
    for (const [client, prefix] of [
      [own, ""],
      [aggregate, "all__"],
    ] as const) {
      expect(await client.call(`${prefix}get-sum`, { a: 1, b: 2 })).toMatchObject({
        content: [{ type: "text", text: "The sum of 1 and 2 is 3." }],
      });
      expect((await client.prompts()).map(({ name }) => name)).toContain(`${prefix}simple-prompt`);
      expect(await client.prompt(`${prefix}simple-prompt`)).toHaveLength(1);
      const [resource] = await client.resources();
      expect(await client.read(resource?.uri ?? "")).toHaveLength(1);
      const name = `${prefix}completable-prompt`;
      expect(await client.complete(name, { name: "department", value: "S" })).toMatchObject({
        values: ["Sales", "Support"],
      });
    }
  });

  test("leave members reachable by their own names", async () => {
    expect(textOf(await call(gateway, "one__get-sum", { a: 1, b: 2 }))).toBe("The sum of 1 and 2 is 3.");
    expect(textOf(await call(gateway, "get-sum", { a: 1, b: 2 }, "two"))).toBe("The sum of 1 and 2 is 3.");
    const { message } = await modernRequest(gateway.mcpUrl("three"), "tools/list");
    expect(namesIn(message, "tools")).toContain("get-sum");
  });

  test("take a batch, and calls are counted under the members that answered", async () => {
    const before = await Promise.all(MEMBERS.map((id) => served(gateway, id)));
    const calls = Array.from({ length: 9 }, (_, b) => ({ server: "all", tool: "get-sum", arguments: { a: 1, b } }));
    const { result } = await call(gateway, "hangar_call", { calls });
    expect(result?.structuredContent).toMatchObject({ success: true, succeeded: 9 });
    const after = await Promise.all(MEMBERS.map((id) => served(gateway, id)));
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([3, 3, 3]);
    expect(await served(gateway, "all")).toBe(0);
    const page = await gateway.metrics();
    expect(page.select("mcp_hangar_mcp_server_info", { group: "all" }).map(({ labels }) => labels.mcp_server)).toEqual(
      expect.arrayContaining([...MEMBERS]),
    );
  });

  test("refuse subscriptions, which only one server can keep", async () => {
    await using client = await connect("sdk v1", gateway.mcpUrl());
    const [resource] = await client.resources();
    expect(resource?.uri).toMatch(/^hangar:\/\/all\//);
    await expect(client.subscribe(resource?.uri ?? "")).rejects.toThrow(/"all" is a group; ask one of its members/);
    expect(await client.subscribe((resource?.uri ?? "").replace("//all/", "//one/"))).toEqual({});
  });
});

const LIFE: ReadonlySet<string> = new Set(["mcp_server_started", "mcp_server_stopped"]);

test("kill -9 of a member under load costs no call, and the member is back", async () => {
  const marker = `groups-${process.pid}`;
  await using gateway = await start(marker);
  // All members run before one is killed.
  await Promise.all(MEMBERS.map((id) => call(gateway, "get-sum", { a: 0, b: 0 }, id)));
  const load = startLoad(gateway);
  const { answers } = load;
  // These are under way at the victim when it dies.
  const long = MEMBERS.map(() => call(gateway, "all__trigger-long-running-operation", { duration: 5, steps: 2 }));
  await poll("a long call at every member", async () =>
    (await groupView(gateway)).members.every((member) => member.in_flight > 0),
  );
  const victim = processesMarked(`${marker}-two-end`).find((pid) => commandLine(pid).startsWith(process.execPath));
  if (victim === undefined) throw new Error("the process of the member was not found");
  process.kill(victim, "SIGKILL");

  const two = async (): Promise<boolean | undefined> =>
    (await groupView(gateway)).members.find(({ id }) => id === "two")?.in_rotation;
  const ofTwo = (): readonly string[] =>
    gateway.events().flatMap(({ event, mcp_server: server }) => (server === "two" && LIFE.has(event) ? [event] : []));
  // It may be back before anybody looks, so the log tells that it was gone.
  await poll("the end of the member", () => ofTwo().includes("mcp_server_stopped"));
  const withoutIt = answers.length;
  await poll("calls to go on", () => answers.length > withoutIt + 10);
  await poll("the member to start again", () => ofTwo().length > 2);
  expect(ofTwo()).toEqual(["mcp_server_started", "mcp_server_stopped", "mcp_server_started"]);
  await poll("the member to come back", async () => (await two()) === true);
  const before = await served(gateway, "two");
  await poll("calls to reach it again", async () => (await served(gateway, "two")) > before + 5);
  expect((await groupView(gateway)).in_rotation).toBe(3);
  await load.stop();

  expect(failuresIn(answers)).toEqual([]);
  expect((await Promise.all(long)).map(textOf)).toEqual(
    MEMBERS.map(() => expect.stringContaining("Long running operation completed")),
  );
  const page = await gateway.metrics();
  // Each call once, under the member that answered it, and those that warmed the members up.
  const calls = answers.length + long.length + MEMBERS.length;
  expect(page.sum("mcp_hangar_tool_calls_total")).toBe(calls);
  expect(page.sum("mcp_hangar_tool_calls_total", { status: "success" })).toBe(calls);
  expect(page.sum("mcp_hangar_mcp_server_stops_total", { mcp_server: "two", reason: "crashed" })).toBe(1);
});

test("a reload under load changes members and the group, and costs no call", async () => {
  const marker = `groups-reload-${process.pid}`;
  const config = configOf(marker);
  await using gateway = await start(marker);
  const load = startLoad(gateway);
  const reload = async (servers: GatewayConfig["mcp_servers"]): Promise<void> => {
    await writeConfig(dirname(gateway.configFile), { mcp_servers: servers });
    const response = await fetch(`${gateway.url}/api/config/reload`, { method: "POST" });
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
  };
  await poll("calls at every member", async () => {
    const counts = await Promise.all(MEMBERS.map((id) => served(gateway, id)));
    return counts.every((count) => count > 3);
  });

  const { one, two } = config.mcp_servers;
  // Another definition of one member, and a group of another shape that has lost a member, which is gone itself.
  const members = [
    { id: "two", priority: 2 },
    { id: "one", priority: 1 },
  ];
  await reload({
    one: { ...one, idle_ttl_s: 100 },
    two: two ?? {},
    all: { mode: "group", strategy: "priority", members },
  });
  expect((await groupView(gateway)).members.map(({ id }) => id)).toEqual(["two", "one"]);
  const before = await served(gateway, "one");
  const atTwo = await served(gateway, "two");
  await poll("calls at the preferred member", async () => (await served(gateway, "one")) > before + 20);
  // Some were on their way there when the group changed.
  expect((await served(gateway, "two")) - atTwo).toBeLessThanOrEqual(6);

  await reload({ all: nodeServer(EVERYTHING, "stdio") });
  const listed = async (): Promise<readonly string[]> => {
    const { message } = await modernRequest(gateway.mcpUrl(), "tools/list");
    return namesIn(message, "tools").filter((name) => !name.startsWith("hangar_"));
  };
  expect((await listed()).every((name) => name.startsWith("all__"))).toBe(true);
  const asServer = await served(gateway, "all");
  await poll(
    "calls at the server that has taken the group's name",
    async () => (await served(gateway, "all")) > asServer + 10,
  );
  await load.stop();
  expect(failuresIn(load.answers)).toEqual([]);
  await poll("the former members to end", () => processesMarked(marker).length === 0);
});
