import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { Discovery } from "../../src/discovery/discovery.ts";
import { discoveryOptions } from "../../src/discovery/options.ts";
import type { DiscoveredReport } from "../../src/discovery/report.ts";
import { Gateway } from "../../src/gateway.ts";
import { circuitBreakerOptions, executionOptions } from "../../src/options.ts";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import { RecordingBus } from "../../src/testing/index.ts";
import { modern, rawServer, result } from "../http/raw-server.ts";

const EVERYTHING = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/package.json"));
const RUNS = {
  mode: "subprocess",
  command: [process.execPath, join(dirname(EVERYTHING), "dist/index.js"), "stdio"],
};
const DEADLINE = { timeout: 60_000, interval: 50 };

interface Setup {
  readonly gateway: Gateway;
  readonly discovery: Discovery;
  readonly bus: RecordingBus;
  readonly write: (name: string, content: unknown) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
  readonly find: (id: string) => DiscoveredReport | undefined;
}

/** A gateway that looks into a real folder, starts real processes and connects to real servers. */
async function setUp(options: object = {}): Promise<Setup> {
  const path = await mkdtemp(join(tmpdir(), "hangar-discovery-"));
  const bus = new RecordingBus();
  const info = { name: "test", version: "0" };
  const gateway = new Gateway({
    servers: {},
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform: nodePlatform,
    info,
  });
  const files = { type: "filesystem", path, interval_s: 3_600, ...options };
  const discovery = new Discovery(discoveryOptions.parse({ sources: { files } }), {
    fleet: gateway.fleet,
    bus,
    platform: nodePlatform,
    info,
    parseDocument: (text) => JSON.parse(text),
  });
  onTestFinished(async () => {
    await discovery.close();
    await gateway.close();
    await rm(path, { recursive: true, force: true });
  });
  discovery.start();
  await bus.waitFor("discovery.cycle_finished");
  return {
    gateway,
    discovery,
    bus,
    write: (name, content) => writeFile(join(path, name), JSON.stringify(content), { mode: 0o644 }),
    remove: (name) => rm(join(path, name)),
    find: (id) => discovery.report().servers.find((server) => server.id === id),
  };
}

function remote(endpoint: string): object {
  return { mode: "remote", endpoint, start_timeout_s: 10 };
}

/** An MCP server on loopback with one tool. */
function mcpServer(): ReturnType<typeof rawServer> {
  const tools = [{ name: "ping", inputSchema: { type: "object" } }];
  return rawServer(modern((received, response) => result(received, response, { tools })));
}

describe("a file that is dropped into the folder", () => {
  it("becomes a server that can be called, long before the next cycle would come", async () => {
    const { gateway, write, find } = await setUp();
    await write("math.json", RUNS);
    await expect.poll(() => find("math")?.state, DEADLINE).toBe("registered");
    expect(gateway.fleet.get("math")?.catalog.toolNames()).toContain("get-sum");
    const sum = { server: "math", tool: "get-sum", arguments: { a: 2, b: 3 } };
    expect(await gateway.callTool(sum)).toMatchObject({ kind: "result" });
  });

  it("is kept out with the reason when what it names does not start, and let in when it is mended", async () => {
    const { gateway, write, find } = await setUp();
    await write("math.json", { mode: "subprocess", command: "no-such-program-anywhere" });
    await expect.poll(() => find("math")?.state, DEADLINE).toBe("quarantined");
    expect(find("math")?.reason).toContain("no-such-program-anywhere");
    expect(gateway.fleet.get("math")).toBeUndefined();
    await write("math.json", RUNS);
    await expect.poll(() => find("math")?.state, DEADLINE).toBe("registered");
  });

  it("is given up when it is taken away, and its processes are gone", async () => {
    const { gateway, write, remove } = await setUp({ mode: "authoritative", ttl_s: 0.2 });
    await write("math.json", RUNS);
    await expect.poll(() => gateway.fleet.get("math") !== undefined, DEADLINE).toBe(true);
    await remove("math.json");
    await expect.poll(() => gateway.fleet.get("math"), DEADLINE).toBeUndefined();
  });
});

describe("a remote server that is discovered", () => {
  it("is not connected to at an address that is not public, and says why", async () => {
    const server = await mcpServer();
    const { write, find } = await setUp();
    const { port } = new URL(server.url);
    await write("plain.json", remote(server.url));
    await write("named.json", remote(`http://localhost:${port}/mcp`));
    await write("mapped.json", remote(`http://[::ffff:127.0.0.1]:${port}/mcp`));
    for (const id of ["plain", "named", "mapped"]) {
      await expect.poll(() => find(id)?.state, DEADLINE).toBe("quarantined");
      expect(find(id)?.reason).toMatch(/a loopback address.*allow_addresses/);
    }
    expect(server.received).toEqual([]);
  });

  it("cannot allow itself an address", async () => {
    const server = await mcpServer();
    const { write, find } = await setUp();
    await write("sly.json", { ...remote(server.url), address_guard: { allow: ["0.0.0.0/0"] } });
    await expect.poll(() => find("sly")?.state, DEADLINE).toBe("invalid");
    expect(server.received).toEqual([]);
  });

  it("is called at an address that the source allows, and guarded on every later connection too", async () => {
    const server = await mcpServer();
    const { gateway, write, find } = await setUp({ allow_addresses: ["127.0.0.1"] });
    await write("ping.json", remote(server.url));
    await expect.poll(() => find("ping")?.state, DEADLINE).toBe("registered");
    expect(await gateway.callTool({ server: "ping", tool: "ping" })).toMatchObject({ kind: "result" });
    expect(gateway.fleet.get("ping")?.options).toMatchObject({ address_guard: { allow: ["127.0.0.1"] } });
  });

  it("that is no MCP server is kept out", async () => {
    const server = await rawServer((_received, response) => void response.writeHead(404).end("nothing here"));
    const { write, find } = await setUp({ allow_addresses: ["127.0.0.1"] });
    await write("wrong.json", remote(server.url));
    await expect.poll(() => find("wrong")?.state, DEADLINE).toBe("quarantined");
    expect(find("wrong")?.reason).toContain("404");
  });

  it("leaves no trace in the metrics of servers while it is only probed", async () => {
    const server = await rawServer((_received, response) => void response.writeHead(500).end());
    const { bus, write, find } = await setUp({ allow_addresses: ["127.0.0.1"] });
    await write("wrong.json", remote(server.url));
    await expect.poll(() => find("wrong")?.state, DEADLINE).toBe("quarantined");
    expect(server.received.length).toBeGreaterThan(0);
    expect(bus.events.filter((event) => "server" in event)).toEqual([]);
  });
});
