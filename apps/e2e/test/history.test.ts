import { chmod, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll, runProcess } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { gatewayArguments, type HttpGateway, startGateway, writeConfig } from "../src/harness/gateway-process.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");

interface CallPage {
  readonly calls: readonly { readonly id: number; readonly tool: string; readonly [field: string]: unknown }[];
  readonly next_before: number | null;
}

interface LogPage {
  readonly logs: readonly { readonly stream: string; readonly line: string }[];
}

describe.concurrent("the history of a gateway", () => {
  test("has every call and every line of a server, and survives a restart of the gateway", async () => {
    await using folder = await temporaryFolder();
    const config = {
      history: { file: join(folder.path, "history.db") },
      mcp_servers: { own: nodeServer(STDIO), refusing: nodeServer(STDIO, "--refuse") },
    };
    {
      await using gateway = await startGateway(config);
      for (const tool of ["ok", "is_error", "no_such_tool", "crash"]) await call(gateway, "own", tool);
      await call(gateway, "refusing", "ok");
      await gateway.stop();
    }
    expect((await stat(config.history.file)).mode & 0o777).toBe(0o600);

    await using gateway = await startGateway(config);
    const { calls } = await get<CallPage>(gateway, "mcp_servers/own/history");
    expect(calls.map(({ tool, status, cause }) => [tool, status, cause])).toEqual([
      ["crash", "error", "connection"],
      ["no_such_tool", "rejected", "unknown_tool"],
      ["is_error", "error", "tool_error"],
      ["ok", "success", null],
    ]);
    expect(calls[3]).toMatchObject({ server: "own", origin: "mcp", user_id: "user-ok", cold_start: true });

    const { logs } = await get<LogPage>(gateway, "mcp_servers/own/logs");
    const lines = logs.map(({ stream, line }) => `${stream}: ${line}`);
    expect(lines).toContain("stderr: about to crash");
    expect(lines).toContainEqual(expect.stringMatching(/^gateway: started after /));
    expect(lines).toContainEqual(expect.stringMatching(/^gateway: stopped \(crashed\): .*70/));
    const refused = await get<LogPage>(gateway, "mcp_servers/refusing/logs?stream=gateway");
    expect(refused.logs.map(({ line }) => line)).toContainEqual(expect.stringMatching(/start failed .*left-out/));

    const failed = await get<CallPage>(gateway, "history?status=error&limit=1");
    expect(failed.calls).toMatchObject([{ server: "refusing", cause: "start_failed" }]);
    const next = await get<CallPage>(gateway, `history?status=error&limit=1&before=${failed.next_before}`);
    expect(next.calls).toMatchObject([{ server: "own", tool: "crash" }]);

    const tool = { name: "hangar_history", arguments: { server: "own", tool: "ok" } };
    const { message } = await modernRequest(gateway.manageUrl, "tools/call", tool);
    expect(message.result?.structuredContent).toMatchObject({ calls: [{ tool: "ok", status: "success" }] });
    const page = await gateway.metrics();
    await poll("the entries of the second run to be written", async () => {
      const now = await gateway.metrics();
      return now.sum("mcp_hangar_telemetry_events_total", { exporter: "history" }) > 0;
    });
    expect(page.sum("mcp_hangar_telemetry_dropped_total", { exporter: "history" })).toBe(0);
  });

  test("is refused with a reason where none is kept, and for servers that never were", async () => {
    await using folder = await temporaryFolder();
    await using without = await startGateway({ mcp_servers: {} });
    const none = await fetch(`${without.url}/api/history`);
    expect([none.status, await none.json()]).toMatchObject([501, { error: { code: "history_disabled" } }]);
    await using gateway = await startGateway({ history: { file: join(folder.path, "h.db") }, mcp_servers: {} });
    for (const path of ["mcp_servers/nobody/history", "mcp_servers/nobody/logs"]) {
      const answer = await fetch(`${gateway.url}/api/${path}`);
      expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: "unknown_server" } }]);
    }
    const wrong = await fetch(`${gateway.url}/api/history?limit=5000&colour=red`);
    expect([wrong.status, JSON.stringify(await wrong.json())]).toEqual([400, expect.stringMatching(/limit|colour/)]);
  });

  test("that cannot be kept ends the start with a reason, and leaves the file alone", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "precious.txt");
    await writeFile(file, "something else entirely\n".repeat(200));
    await chmod(file, 0o644);
    const configFile = await writeConfig(folder.path, { history: { file }, mcp_servers: {} });
    const args = gatewayArguments("serve", "--http", "--port", "0", "--config", configFile);
    const { code, stderr } = await runProcess({ command: process.execPath, args });
    expect(code).toBe(1);
    expect(stderr).toContain(`history.file: ${file} cannot be used: file is not a database; name another file`);
    expect((await stat(file)).size).toBe(200 * "something else entirely\n".length);
  });
});

function call(gateway: HttpGateway, server: string, tool: string): Promise<unknown> {
  const params = { name: tool, arguments: {}, _meta: { user_id: `user-${tool}` } };
  return modernRequest(gateway.mcpUrl(server), "tools/call", params);
}

async function get<Body>(gateway: HttpGateway, path: string): Promise<Body> {
  const answer = await fetch(`${gateway.url}/api/${path}`);
  expect(answer.status).toBe(200);
  // Each test knows what it asked for.
  return (await answer.json()) as Body;
}
