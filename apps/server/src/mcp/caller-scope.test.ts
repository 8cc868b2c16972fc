import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { circuitBreakerOptions, executionOptions, Gateway, nodePlatform, subprocessOptions } from "@mcp-hangar/core";
import { FakeTransport, resultReply } from "@mcp-hangar/core/testing";
import { type Caller, registeredName, TelemetryBus } from "@mcp-hangar/telemetry";
import { afterEach, expect, it } from "vitest";
import type { CallerRights } from "../access/access.ts";
import { createRoles } from "../access/roles.ts";
import { createMcpFace, type McpFace } from "./index.ts";

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const INFO = { name: "mcp-hangar", version: "0" };
const SOMEBODY: Caller = {
  type: "api_key",
  id: registeredName("somebody"),
  roles: ["math"],
  credential: "api_key:somebody",
};

const roles = createRoles({ math: { permissions: ["tools:call"], tools: { allow: ["math/add"] } } });
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

interface Served {
  /** The result of one request. */
  readonly ask: (method: string, params?: object) => Promise<unknown>;
  /** How often a server was started. */
  readonly starts: (server: string) => number | undefined;
}

/** A gateway with the servers `math` and `secret`, whose resources everybody may cache. */
async function serve(access: CallerRights | undefined): Promise<Served> {
  const transports = new Map<string, FakeTransport>();
  const server = subprocessOptions.parse({ mode: "subprocess", command: "fake" });
  const gateway = new Gateway({
    servers: { math: server, secret: server },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus: new TelemetryBus(),
    platform: nodePlatform,
    info: INFO,
    access: access && ((caller, id, tool) => access.decide(caller, id, tool)),
    transports: (id) => {
      const transport = new FakeTransport(nodePlatform.clock, {
        reply: async ({ method }) =>
          method === "tools/list"
            ? resultReply({ tools: [{ name: "add" }, { name: "delete" }] })
            : resultReply({ contents: [{ uri: "a", text: "b" }], cacheScope: "public", ttlMs: 60_000 }),
      });
      transports.set(id, transport);
      return transport;
    },
  });
  const face: McpFace = createMcpFace({ gateway, scope: { kind: "all" }, info: INFO, platform: nodePlatform, access });
  const http: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => face.handleHttp(request, response, Buffer.concat(chunks), SOMEBODY));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  open.push(async () => {
    await face.close();
    await gateway.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  // A TCP server's address is an AddressInfo once it listens.
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const ask: Served["ask"] = async (method, params = {}) => {
    const { name, uri } = params as { readonly name?: string; readonly uri?: string };
    const named = name ?? uri;
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        ...(named !== undefined && { "mcp-name": named }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: META } }),
    });
    const { result } = (await response.json()) as { readonly result?: unknown };
    return result;
  };
  return { ask, starts: (id) => transports.get(id)?.attempts };
}

const READ = { uri: "hangar://math/a" };

it("what a server lets everybody cache is private where callers see different things", async () => {
  const everybody = await serve(undefined);
  expect(await everybody.ask("resources/read", READ)).toMatchObject({ cacheScope: "public", ttlMs: 60_000 });
  const somebody = await serve(roles);
  expect(await somebody.ask("resources/read", READ)).toMatchObject({
    cacheScope: "private",
    contents: [{ text: "b" }],
  });
});

it("a list has what the caller may use, and is for the caller alone", async () => {
  const everybody = await serve(undefined);
  const names = ["math__add", "math__delete", "secret__add", "secret__delete"];
  expect(await everybody.ask("tools/list")).toMatchObject({ tools: names.map((name) => ({ name })) });
  const somebody = await serve(roles);
  const list = await somebody.ask("tools/list");
  expect(list).toMatchObject({ cacheScope: "private" });
  expect((list as { readonly tools: readonly { readonly name: string }[] }).tools.map(({ name }) => name)).toEqual([
    "math__add",
  ]);
});

it("a server out of reach is started by nothing that the caller asks", async () => {
  const somebody = await serve(roles);
  await somebody.ask("tools/list");
  await somebody.ask("server/discover");
  expect(await somebody.ask("resources/read", { uri: "hangar://secret/a" })).toBeUndefined();
  expect(await somebody.ask("tools/call", { name: "secret__add", arguments: {} })).toBeUndefined();
  expect([somebody.starts("math"), somebody.starts("secret")]).toEqual([1, 0]);
});
