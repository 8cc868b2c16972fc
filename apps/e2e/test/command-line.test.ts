import { join } from "node:path";
import { type Finished, runProcess } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayArguments, type HttpGateway, startGateway, writeConfig } from "../src/harness/gateway-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../src/harness/temporary-folder.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

let folder: TemporaryFolder;
let gateway: HttpGateway;

beforeAll(async () => {
  folder = await temporaryFolder();
  gateway = await startGateway({ mcp_servers: { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) } });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

describe("mcp-hangar config check", () => {
  test("accepts a valid file", async () => {
    const file = await writeConfig(folder.path, { mcp_servers: { own: nodeServer("server.js") } });
    expect(await hangar("config", "check", "--config", file)).toMatchObject({ code: 0 });
  });

  test("names an unknown key and the key that was probably meant", async () => {
    const server = { ...nodeServer("server.js"), idle_ttl: 5 };
    const file = await writeConfig(folder.path, { mcp_servers: { own: server } });
    const { code, stdout, stderr } = await hangar("config", "check", "--config", file);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/idle_ttl\b[\s\S]*idle_ttl_s/);
  });

  test("names a file that is not there", async () => {
    const missing = join(folder.path, "missing.yaml");
    const { code, stdout, stderr } = await hangar("config", "check", "--config", missing);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain(missing);
  });
});

describe("against a running gateway", () => {
  test("mcp-hangar call prints the result of a tool", async () => {
    const { code, stdout, stderr } = await hangar("call", "own", "echo", "--args", '{"a":[1,"ü"]}', ...target());
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("ü");
  });

  test("mcp-hangar call fails when the tool fails", async () => {
    const { code, stdout, stderr } = await hangar("call", "own", "is_error", ...target());
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain("the tool failed");
  });

  test("mcp-hangar status --json tells the state of every server", async () => {
    const { code, stdout } = await hangar("status", "--json", ...target());
    expect(code).toBe(0);
    expect(JSON.stringify(JSON.parse(stdout))).toMatch(/"own"/);
  });
});

describe("health endpoints", () => {
  test.each(["live", "ready", "startup"])("/health/%s is healthy although the server is still cold", async (kind) => {
    const response = await fetch(`${gateway.url}/health/${kind}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "healthy",
      checks: expect.any(Array),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      uptime_seconds: expect.any(Number),
    });
  });
});

test("a bind to every interface without authentication is refused", async () => {
  const file = await writeConfig(folder.path, { mcp_servers: {} });
  const { code, stderr } = await hangar("serve", "--http", "--host", "0.0.0.0", "--port", "0", "--config", file);
  expect(code).not.toBe(0);
  expect(stderr).toContain("--unsafe-no-auth");
});

function target(): readonly string[] {
  return ["--url", gateway.url];
}

function hangar(...args: readonly string[]): Promise<Finished> {
  return runProcess({ command: process.execPath, args: gatewayArguments(...args), cwd: folder.path });
}
