import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll, processesMarked } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { connect, type McpClient } from "../src/harness/mcp-client.ts";
import { reloadByRest, rest } from "../src/harness/reloading.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");

/** The configuration of a gateway that looks for servers in `path`, by itself only every 20 s. */
function configFor(path: string, source: object = {}): Parameters<typeof startGateway>[0] {
  const files = { type: "filesystem", path, interval_s: 20, ...source };
  return { mcp_servers: {}, discovery: { sources: { files } }, config_reload: { watch: false } };
}

function drop(folder: string, name: string, content: unknown): Promise<void> {
  return writeFile(join(folder, name), JSON.stringify(content), { mode: 0o644 });
}

interface Discovered {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly definition: { readonly fingerprint: string; readonly target: string } | null;
}

/** What the gateway says of a server that it found, over REST. */
async function discovered(gateway: HttpGateway, id: string): Promise<Discovered | undefined> {
  const { body } = await rest(gateway, "GET", "/api/discovery");
  // The shape is that of the OpenAPI document.
  return (body as unknown as { readonly servers: readonly Discovered[] }).servers.find((server) => server.id === id);
}

function inState(gateway: HttpGateway, id: string, state: string): Promise<Discovered> {
  const look = async (): Promise<Discovered | undefined> => {
    const server = await discovered(gateway, id);
    return server?.state === state ? server : undefined;
  };
  return poll(`${id} to be ${state}`, look);
}

async function toolNames(client: McpClient): Promise<readonly string[]> {
  return (await client.tools()).map(({ name }) => name).filter((name) => !name.startsWith("hangar_"));
}

function toldOfTools(client: McpClient): number {
  return client.notifications.filter(({ method }) => method === "notifications/tools/list_changed").length;
}

describe.concurrent("a file that is dropped into the watched folder", () => {
  test("makes its tools appear on /mcp, and taking it away makes them, its series and its processes vanish", async () => {
    await using folder = await temporaryFolder();
    await using gateway = await startGateway(configFor(folder.path, { mode: "authoritative", ttl_s: 1 }));
    await using client = await connect("sdk v1", gateway.mcpUrl());
    expect(await toolNames(client)).toEqual([]);

    const marker = `discovery-${process.pid}-file`;
    await drop(folder.path, "math.json", nodeServer(STDIO, marker));
    await poll("the client to be told", () => toldOfTools(client) > 0);
    expect(await toolNames(client)).toContain("math__ok");
    expect(await client.call("math__ok")).toMatchObject({ content: [{ text: "ok" }] });
    expect(processesMarked(marker).length).toBeGreaterThan(0);
    const during = await gateway.metrics();
    expect(during.sum("mcp_hangar_tool_calls_total", { mcp_server: "math", status: "success" })).toBe(1);
    expect(during.sum("mcp_hangar_discovery_registrations_total", { source: "files" })).toBe(1);

    const before = toldOfTools(client);
    await rm(join(folder.path, "math.json"));
    await poll("the client to be told again", () => toldOfTools(client) > before);
    expect(await toolNames(client)).toEqual([]);
    await poll("its processes to end", () => processesMarked(marker).length === 0);
    const page = await poll("its series to vanish", async () => {
      const metrics = await gateway.metrics();
      return metrics.samples.some(({ labels }) => labels.mcp_server === "math") ? undefined : metrics;
    });
    expect(page.sum("mcp_hangar_discovery_mcp_servers", { source: "files" })).toBe(0);
    expect(page.sum("mcp_hangar_discovery_deregistrations_total", { source: "files" })).toBe(1);
  });

  test("may be YAML with variables of the gateway's environment", async () => {
    await using folder = await temporaryFolder();
    await using gateway = await startGateway(configFor(folder.path), { PROGRAM: process.execPath });
    const yaml = `mode: subprocess\ncommand: \${PROGRAM}\nargs: ["${STDIO}"]\n`;
    await writeFile(join(folder.path, "math.yaml"), yaml, { mode: 0o644 });
    await inState(gateway, "math", "registered");
    const { message } = await modernRequest(gateway.mcpUrl("math"), "tools/call", { name: "ok", arguments: {} });
    expect(message.error).toBeUndefined();
  });

  test("that is broken is named with its line in the log, and its server stays", async () => {
    await using folder = await temporaryFolder();
    await using gateway = await startGateway(configFor(folder.path));
    await drop(folder.path, "math.yaml", nodeServer(STDIO));
    await inState(gateway, "math", "registered");
    await writeFile(join(folder.path, "math.yaml"), "mode: subprocess\ncommand: [node\nargs: }\n");
    // A look in the middle of the writing sees an empty file, which is broken, too.
    const server = await poll("the broken file to be noticed", async () => {
      const found = await discovered(gateway, "math");
      return found?.reason?.includes("math.yaml: line") ? found : undefined;
    });
    expect(server).toMatchObject({
      state: "registered",
      reason: expect.stringMatching(/math\.yaml: line \d+: not valid/),
    });
    await poll("a line in the log", () => gateway.process.stderr().includes("math.yaml: line"));
    const { message } = await modernRequest(gateway.mcpUrl("math"), "tools/call", { name: "ok", arguments: {} });
    expect(message.error).toBeUndefined();
  });

  test("cannot take the place of a server of the configuration, nor lead the gateway to itself", async () => {
    await using folder = await temporaryFolder();
    await using upstream = await startFixture("misbehaving/http.ts");
    const config = configFor(folder.path);
    await using gateway = await startGateway({ ...config, mcp_servers: { math: nodeServer(STDIO) } });
    await drop(folder.path, "math.json", nodeServer(STDIO, "--refuse"));
    await drop(folder.path, "local.json", { mode: "remote", endpoint: upstream.url });
    await drop(folder.path, "self.json", {
      mode: "remote",
      endpoint: `${gateway.url.replace("127.0.0.1", "localhost")}/mcp`,
    });
    expect((await inState(gateway, "math", "conflict")).reason).toContain("the configuration has defined a server");
    for (const id of ["local", "self"]) {
      expect((await inState(gateway, id, "quarantined")).reason).toContain("a loopback address");
    }
    const { message } = await modernRequest(gateway.mcpUrl("math"), "tools/call", { name: "ok", arguments: {} });
    expect(message.error).toBeUndefined();
  });
});

describe.concurrent("a server that waits for approval", () => {
  test("is started by nobody before, and served once somebody has approved what they saw", async () => {
    await using folder = await temporaryFolder();
    await using gateway = await startGateway(configFor(folder.path, { approve: "manual" }));
    const marker = `discovery-${process.pid}-approval`;
    await drop(
      folder.path,
      "math.json",
      nodeServer(STDIO, marker, "--api-key=sk-abcdefghijklmnopqrstuvwxyz0123456789"),
    );
    const { definition } = await inState(gateway, "math", "pending");
    expect(definition?.target).toContain(marker);
    expect(definition?.target).not.toContain("sk-abcdefghij");
    expect(processesMarked(marker)).toEqual([]);

    const approve = (fingerprint: string): ReturnType<typeof rest> =>
      rest(gateway, "POST", "/api/discovery/servers/math/approve", { fingerprint });
    expect(await approve("0123456789abcdef")).toMatchObject({ status: 409, body: { error: { code: "not_decided" } } });
    expect((await approve(definition?.fingerprint ?? "")).status).toBe(200);
    await inState(gateway, "math", "registered");
    const { message } = await modernRequest(gateway.mcpUrl("math"), "tools/call", { name: "ok", arguments: {} });
    expect(message.error).toBeUndefined();

    expect((await rest(gateway, "POST", "/api/discovery/servers/math/reject")).status).toBe(200);
    expect((await discovered(gateway, "math"))?.state).toBe("rejected");
    expect((await rest(gateway, "POST", "/api/discovery/run", { source: "files" })).status).toBe(200);
    expect((await discovered(gateway, "math"))?.state).toBe("rejected");
    expect((await rest(gateway, "GET", "/api/mcp_servers/math")).status).toBe(404);
  });

  test("is decided upon by the tools of /manage/mcp as well", async () => {
    await using folder = await temporaryFolder();
    await using gateway = await startGateway(configFor(folder.path, { approve: "manual" }));
    await using client = await connect("sdk v1", gateway.manageUrl);
    await drop(folder.path, "math.json", nodeServer(STDIO));
    await client.call("hangar_discover", { source: "files" });
    await inState(gateway, "math", "pending");
    expect(JSON.stringify(await client.call("hangar_discovery", { state: "pending" }))).toContain("math");
    await client.call("hangar_approve", { server: "math" });
    await inState(gateway, "math", "registered");
    expect(await client.call("hangar_reject", { server: "nobody" })).toMatchObject({ isError: true });
    expect((await rest(gateway, "POST", "/api/discovery/run", { source: "nowhere" })).status).toBe(404);
  });
});

describe.concurrent("a reload", () => {
  test("adds a source, keeps what the others found, and takes the servers of a removed one along", async () => {
    await using first = await temporaryFolder();
    await using second = await temporaryFolder();
    await drop(first.path, "math.json", nodeServer(STDIO));
    await drop(second.path, "words.json", nodeServer(STDIO));
    const config = configFor(first.path);
    await using gateway = await startGateway(config);
    await inState(gateway, "math", "registered");
    const more = { type: "filesystem", path: second.path };
    const files = { type: "filesystem", path: first.path, interval_s: 60 };
    await reloadByRest(gateway, { ...config, discovery: { sources: { files, more } } });
    await inState(gateway, "words", "registered");
    expect((await discovered(gateway, "math"))?.state).toBe("registered");
    await reloadByRest(gateway, { ...config, discovery: { sources: { more } } });
    expect(await discovered(gateway, "math")).toBeUndefined();
    const page = await gateway.metrics();
    expect(page.samples.filter(({ labels }) => labels.source === "files" || labels.mcp_server === "math")).toEqual([]);
    expect(page.sum("mcp_hangar_discovery_mcp_servers", { source: "more" })).toBe(1);
  });
});
