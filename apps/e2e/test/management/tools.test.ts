import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayArguments, type HttpGateway, startGateway, writeConfig } from "../../src/harness/gateway-process.ts";
import { CLIENT_KINDS, connect } from "../../src/harness/mcp-client.ts";
import { rest } from "../../src/harness/rest.ts";
import { temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { EVERYTHING, nodeServer } from "../../src/harness/upstreams.ts";

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
  ["hangar_call", { calls: [{ server: "everything", tool: "echo", arguments: { message: "x" } }] }, { succeeded: 1 }],
  ["hangar_stop", { server: "everything" }, { state: "cold" }],
];

// The clients compare each structured result with the output schema of its tool, and refuse one that does not fit.
describe.each(CLIENT_KINDS)("for %s", (kind) => {
  test("every management tool says what it takes and gives, and keeps to it", async () => {
    await using client = await connect(kind, gateway.mcpUrl());
    const tools = (await client.tools()).filter(({ name }) => name.startsWith("hangar_"));
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(CALLS.map(([name]) => name)));
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

  test("what could not be done is a result that says why", async () => {
    await using client = await connect(kind, gateway.mcpUrl());
    await client.tools();
    const failures: readonly (readonly [string, Record<string, unknown>, string])[] = [
      ["hangar_start", { server: "none" }, "unknown_server"],
      ["hangar_start", {}, "invalid_request"],
      ["hangar_start", { server: "pool" }, "is_group"],
      ["hangar_fetch_continuation", { continuation_id: "none" }, "unknown_continuation"],
    ];
    for (const [name, args, code] of failures) {
      const { content, isError, structuredContent } = await client.call(name, args);
      expect([name, isError, structuredContent]).toEqual([name, true, undefined]);
      expect(content).toMatchObject([{ type: "text", text: expect.stringContaining(`"error_type":"${code}"`) }]);
    }
  });
});

test("tools that the configuration denies do not exist, and those of REST stay", async () => {
  const management = { tools: { deny: ["hangar_*"], allow: ["*"] } };
  await using few = await startGateway({ mcp_servers: SERVERS, management });
  await using client = await connect("sdk v2 auto", few.mcpUrl());
  expect((await client.tools()).filter(({ name }) => name.startsWith("hangar_"))).toEqual([]);
  await expect(client.call("hangar_list")).rejects.toThrow(/unknown tool/);
  expect((await rest(few, "GET", "/api/mcp_servers")).status).toBe(200);
});

test("servers can be registered by a tool only where the configuration allows it", async () => {
  await using client = await connect("sdk v2 auto", gateway.mcpUrl());
  expect((await client.tools()).map(({ name }) => name)).not.toContain("hangar_register");
  await expect(client.call("hangar_register")).rejects.toThrow(/unknown tool/);
  await using open = await startGateway({ mcp_servers: {}, management: { allow_runtime_servers: ["subprocess"] } });
  await using other = await connect("sdk v2 auto", open.mcpUrl());
  const options = nodeServer(EVERYTHING);
  const { structuredContent } = await other.call("hangar_register", { server: "late", options });
  expect(structuredContent).toMatchObject({ id: "late", origin: "runtime" });
  expect(await other.call("late__echo", { message: "x" })).toMatchObject({ content: [{ text: "Echo: x" }] });
  const removed = await other.call("hangar_unregister", { server: "late" });
  expect(removed.structuredContent).toEqual({ server: "late", removed: true });
});

test("over stdio, whoever started the gateway may do everything", async () => {
  await using folder = await temporaryFolder();
  const configFile = await writeConfig(folder.path, { mcp_servers: SERVERS, auth: { roles: {} } });
  const args = [...gatewayArguments("serve", "--config", configFile)];
  await using client = await connect("sdk v2 auto", { command: process.execPath, args });
  const names = (await client.tools()).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["hangar_list", "hangar_stop", "hangar_unregister", "pool__echo"]));
  const { structuredContent } = await client.call("hangar_list");
  expect(structuredContent).toMatchObject({ mcp_servers: [{ id: "everything" }, { id: "pool" }] });
});

test("both doors give the same", async () => {
  await using client = await connect("sdk v2 auto", gateway.mcpUrl());
  for (const [tool, path] of [
    ["hangar_list", "/api/mcp_servers"],
    ["hangar_groups", "/api/groups"],
  ] as const) {
    const { structuredContent } = await client.call(tool);
    expect((await rest(gateway, "GET", path)).json()).toEqual(structuredContent);
  }
});
