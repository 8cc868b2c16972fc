import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayArguments, type HttpGateway, startGateway, writeConfig } from "../../src/harness/gateway-process.ts";
import { CLIENT_KINDS, connect } from "../../src/harness/mcp-client.ts";
import { reloadByFile } from "../../src/harness/reloading.ts";
import { rest } from "../../src/harness/rest.ts";
import { bearer, startSecuredGateway } from "../../src/harness/secured-gateway.ts";
import { temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { EVERYTHING, nodeServer } from "../../src/harness/upstreams.ts";
import { type HeardStream, listenForTools, modernRequest, openLegacySession } from "../../src/harness/wire-client.ts";

const SERVERS = {
  everything: nodeServer(EVERYTHING),
  pool: { mode: "group", members: [{ id: "everything" }] },
};

let gateway: HttpGateway;

beforeAll(async () => {
  gateway = await startGateway({ mcp_servers: SERVERS });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
});

/** What agents have on `/mcp`. */
const WORK = ["hangar_call", "hangar_fetch_continuation", "hangar_delete_continuation"];

/** Each once, in an order in which each can succeed. */
const CALLS: readonly (readonly [string, Record<string, unknown>, object])[] = [
  ["hangar_list", {}, { mcp_servers: [{ id: "everything" }, { id: "pool" }] }],
  ["hangar_start", { server: "everything" }, { state: "ready" }],
  ["hangar_details", { server: "everything" }, { tools: expect.arrayContaining(["echo"]) }],
  ["hangar_tools", { server: "everything" }, { tools: expect.any(Array) }],
  ["hangar_check", { server: "everything" }, { result: "healthy" }],
  ["hangar_metrics", { server: "everything" }, { calls: expect.any(Object) }],
  ["hangar_warm", {}, { started: 1, failed: 0 }],
  ["hangar_groups", {}, { groups: [{ id: "pool" }] }],
  ["hangar_group", { group: "pool" }, { in_rotation: 1 }],
  ["hangar_rotation", { group: "pool", server: "everything", in_rotation: false }, { in_rotation: 0 }],
  ["hangar_rotation", { group: "pool", server: "everything", in_rotation: true }, { in_rotation: 1 }],
  ["hangar_health", {}, { status: "healthy" }],
  ["hangar_status", {}, { name: "mcp-hangar" }],
  ["hangar_stop", { server: "everything" }, { state: "cold" }],
];

// The clients compare each structured result with the output schema of its tool, and refuse one that does not fit.
describe.each(CLIENT_KINDS)("for %s", (kind) => {
  test("every management tool says what it takes and gives, and keeps to it", async () => {
    await using client = await connect(kind, gateway.manageUrl);
    const tools = await client.tools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(CALLS.map(([name]) => name)));
    expect(names.filter((name) => !name.startsWith("hangar_") || WORK.includes(name))).toEqual([]);
    for (const tool of tools) {
      expect(tool).toMatchObject({
        title: expect.any(String),
        description: expect.any(String),
        inputSchema: { type: "object" },
        outputSchema: { type: "object" },
        annotations: { readOnlyHint: expect.any(Boolean), destructiveHint: expect.any(Boolean) },
      });
    }
    for (const [name, args, expected] of CALLS) {
      const { structuredContent, content, isError } = await client.call(name, args);
      expect([name, isError, structuredContent]).toMatchObject([name, undefined, expected]);
      expect(content).toEqual([{ type: "text", text: JSON.stringify(structuredContent) }]);
    }
  });

  test("agents find on /mcp what they need for their work, and nothing of the management", async () => {
    await using client = await connect(kind, gateway.mcpUrl());
    const names = (await client.tools()).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("hangar_"))).toEqual(WORK);
    expect(names).toContain("pool__echo");
    await expect(client.call("hangar_list")).rejects.toThrow(/unknown tool/);
    const batch = { calls: [{ server: "everything", tool: "echo", arguments: { message: "x" } }] };
    expect((await client.call("hangar_call", batch)).structuredContent).toMatchObject({ succeeded: 1 });
  });

  test("what could not be done is a result that says why", async () => {
    await using client = await connect(kind, gateway.manageUrl);
    await client.tools();
    const failures: readonly (readonly [string, Record<string, unknown>, string])[] = [
      ["hangar_start", { server: "none" }, "unknown_server"],
      ["hangar_start", {}, "invalid_request"],
      ["hangar_start", { server: "pool" }, "is_group"],
    ];
    for (const [name, args, code] of failures) {
      const { content, isError, structuredContent } = await client.call(name, args);
      expect([name, isError, structuredContent]).toEqual([name, true, undefined]);
      expect(content).toMatchObject([{ type: "text", text: expect.stringContaining(`"error_type":"${code}"`) }]);
    }
  });
});

test("tools that the configuration denies do not exist, and those of REST stay", async () => {
  const management = { tools: { deny: ["hangar_*"], allow: ["*"], on_mcp: ["*"] } };
  await using few = await startGateway({ mcp_servers: SERVERS, management });
  for (const url of [few.mcpUrl(), few.manageUrl]) {
    await using client = await connect("sdk v2 auto", url);
    expect((await client.tools()).filter(({ name }) => name.startsWith("hangar_"))).toEqual([]);
    await expect(client.call("hangar_list")).rejects.toThrow(/unknown tool/);
  }
  expect((await rest(few, "GET", "/api/mcp_servers")).status).toBe(200);
});

test("only tools of what is configured exist", async () => {
  const namesOf = async (config: object): Promise<readonly string[]> => {
    await using open = await startGateway({ mcp_servers: {}, ...config });
    await using client = await connect("sdk v2 auto", open.manageUrl);
    return (await client.tools()).map(({ name }) => name).sort();
  };
  await using folder = await temporaryFolder();
  const few = await namesOf({ config_reload: { enabled: false } });
  const all = await namesOf({
    mcp_servers: SERVERS,
    management: { allow_runtime_servers: ["remote"] },
    history: { file: `${folder.path}/history.sqlite` },
    compliance: { journal: { folder: `${folder.path}/journal` } },
    discovery: { sources: { files: { type: "filesystem", path: folder.path } } },
  });
  expect(all).toEqual(expect.arrayContaining([...few]));
  expect(all.filter((name) => !few.includes(name))).toEqual([
    "hangar_approve",
    "hangar_audit",
    "hangar_discover",
    "hangar_discovery",
    "hangar_group",
    "hangar_groups",
    "hangar_history",
    "hangar_logs",
    "hangar_register",
    "hangar_reject",
    "hangar_reload_config",
    "hangar_rotation",
    "hangar_unregister",
  ]);
});

test("a server that a tool has registered is called on /mcp, where the operator may put that tool, too", async () => {
  const management = { allow_runtime_servers: ["subprocess"], tools: { on_mcp: ["hangar_*register"] } };
  await using open = await startGateway({ mcp_servers: {}, management });
  await using client = await connect("sdk v2 auto", open.mcpUrl());
  expect((await client.tools()).map(({ name }) => name)).toEqual(["hangar_register", "hangar_unregister", ...WORK]);
  const options = nodeServer(EVERYTHING);
  const { structuredContent } = await client.call("hangar_register", { server: "late", options });
  expect(structuredContent).toMatchObject({ id: "late", origin: "runtime" });
  expect(await client.call("late__echo", { message: "x" })).toMatchObject({ content: [{ text: "Echo: x" }] });
  const removed = await client.call("hangar_unregister", { server: "late" });
  expect(removed.structuredContent).toEqual({ server: "late", removed: true });
});

test("the endpoint of the management says what it is, and has nothing of servers", async () => {
  await using client = await connect("sdk v2 auto", gateway.manageUrl);
  await expect(client.call("everything__echo", { message: "x" })).rejects.toThrow(/unknown tool/);
  const discovered = await modernRequest(gateway.manageUrl, "server/discover");
  expect(discovered.message.result).toMatchObject({
    capabilities: { tools: {} },
    instructions: expect.stringContaining("/mcp"),
  });
  for (const [method, key] of [
    ["prompts/list", "prompts"],
    ["resources/list", "resources"],
  ] as const) {
    expect((await modernRequest(gateway.manageUrl, method)).message.result?.[key]).toEqual([]);
  }
});

test("over stdio, an agent has what it has on /mcp, and whoever started the gateway may do all that", async () => {
  await using folder = await temporaryFolder();
  const management = { tools: { on_mcp: ["hangar_list", "hangar_st*"] } };
  const configFile = await writeConfig(folder.path, { mcp_servers: SERVERS, auth: { roles: {} }, management });
  const args = [...gatewayArguments("serve", "--config", configFile)];
  await using client = await connect("sdk v2 auto", { command: process.execPath, args });
  const names = (await client.tools()).map(({ name }) => name);
  const own = names.filter((name) => name.startsWith("hangar_"));
  expect(own.sort()).toEqual([...WORK, "hangar_list", "hangar_start", "hangar_status", "hangar_stop"].sort());
  expect(names).toContain("pool__echo");
  const { structuredContent } = await client.call("hangar_list");
  expect(structuredContent).toMatchObject({ mcp_servers: [{ id: "everything" }, { id: "pool" }] });
});

test("both doors give the same", async () => {
  await using client = await connect("sdk v2 auto", gateway.manageUrl);
  for (const [tool, path] of [
    ["hangar_list", "/api/mcp_servers"],
    ["hangar_groups", "/api/groups"],
  ] as const) {
    const { structuredContent } = await client.call(tool);
    expect((await rest(gateway, "GET", path)).json()).toEqual(structuredContent);
  }
});

test("clients are told when a reload gives them other tools of the gateway, and only those whom it concerns", async () => {
  const few = { permissions: ["tools:call", "groups:read"] };
  const others = { mcp_servers: SERVERS, config_reload: { debounce_s: 0.1 } };
  await using secured = await startSecuredGateway({ ...others, auth: { roles: { few } } });
  const config = (tools: object, roles: object): Parameters<typeof startGateway>[0] => ({
    ...others,
    auth: { roles, api_keys: { file: secured.keyFile } },
    management: { tools },
  });
  const { gateway: own } = secured;
  await using cleanup = new AsyncDisposableStack();
  const streams = new Map<string, HeardStream>();
  for (const [who, key] of [
    ["admin", secured.admin],
    ["few", await secured.keyFor("few", "few")],
  ] as const) {
    for (const [where, url] of [
      ["/mcp", own.mcpUrl()],
      ["/manage/mcp", own.manageUrl],
    ] as const) {
      const session = await openLegacySession(url, {}, bearer(key));
      // Its servers are listed for good by then, so that they have nothing more to tell.
      await session.request("tools/list");
      streams.set(`${who} ${where} legacy`, cleanup.use(await session.listen()));
      streams.set(`${who} ${where} modern`, cleanup.use(await listenForTools(url, bearer(key))));
    }
  }
  const told = (): Record<string, number> =>
    Object.fromEntries(
      [...streams].map(([name, stream]) => [name, stream.heard().split("notifications/tools/list_changed").length - 1]),
    );
  const both = (name: string, times: number): Record<string, number> => ({
    [`${name} legacy`]: times,
    [`${name} modern`]: times,
  });
  const expected = {
    ...both("admin /mcp", 0),
    ...both("admin /manage/mcp", 0),
    ...both("few /mcp", 0),
    ...both("few /manage/mcp", 0),
  };
  const steps: readonly (readonly [tools: object, roles: object, who: Record<string, number>])[] = [
    // Tools that `few` may not use are nothing to them.
    [{ on_mcp: ["hangar_list"] }, { few }, both("admin /mcp", 1)],
    [{ on_mcp: ["hangar_list", "hangar_groups"] }, { few }, { ...both("admin /mcp", 2), ...both("few /mcp", 1) }],
    [{ on_mcp: ["hangar_list", "hangar_groups"], deny: ["hangar_stop"] }, { few }, both("admin /manage/mcp", 1)],
    [
      { on_mcp: ["hangar_list", "hangar_groups"], deny: ["hangar_stop"] },
      { few: { permissions: ["tools:call", "servers:read"] } },
      { ...both("few /mcp", 2), ...both("few /manage/mcp", 1) },
    ],
  ];
  for (const [tools, roles, more] of steps) {
    Object.assign(expected, more);
    expect(await reloadByFile(own, config(tools, roles))).toMatchObject({ result: "success" });
    await poll("all who are concerned", () =>
      Object.entries(more).every(([name, times]) => (told()[name] ?? 0) >= times),
    );
    expect(told()).toEqual(expected);
  }
});
