import { poll, processesMarked, startProcess, unstructuredLines } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayArguments, writeConfig } from "../src/harness/gateway-process.ts";
import { CLIENT_KINDS, connect } from "../src/harness/mcp-client.ts";
import { type TemporaryFolder, temporaryFolder } from "../src/harness/temporary-folder.ts";
import { EVERYTHING, nodeServer } from "../src/harness/upstreams.ts";
import type { RpcMessage } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const MARKER = `stdio-front-${process.pid}`;

let folder: TemporaryFolder;
let args: readonly string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  const config = await writeConfig(folder.path, {
    mcp_servers: {
      everything: nodeServer(EVERYTHING),
      own: nodeServer(fixtureFile("misbehaving/stdio.ts"), MARKER),
    },
  });
  args = gatewayArguments("serve", "--config", config);
});

afterAll(async () => {
  await folder?.[Symbol.asyncDispose]();
});

describe.each(CLIENT_KINDS)("the stdio front door with the official client %s", (kind) => {
  test("lists, calls and renders what the upstreams have", async () => {
    await using client = await connect(kind, { command: process.execPath, args });
    const names = (await client.tools()).map(({ name }) => name);
    expect(names).toContain("everything__echo");
    expect(names).toContain("own__ok");
    expect((await client.call("everything__echo", { message: "over pipes" })).content).toEqual([
      { type: "text", text: "Echo: over pipes" },
    ]);
    expect((await client.call("own__big")).content).toEqual([{ type: "text", text: "x".repeat(100_000) }]);
    expect(await client.prompt("everything__simple-prompt")).toEqual([
      { role: "user", content: { type: "text", text: "This is a simple prompt without arguments." } },
    ]);
    const seen: unknown[] = [];
    await client.call(
      "everything__trigger-long-running-operation",
      { duration: 0.2, steps: 2 },
      { onprogress: ({ progress }) => seen.push(progress) },
    );
    // The last report and the result leave together, and the SDK's clients then drop the report: see the raw order below.
    expect(seen.slice(0, 1)).toEqual([1]);
  });
});

test("stdout carries nothing but JSON-RPC, stderr nothing but structured events, and the end of stdin ends everything", async () => {
  await using gateway = await startProcess({ command: process.execPath, args });
  const clientInfo = { name: "hangar-e2e", version: "1.0.0" };
  const initialize = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  send({ id: 1, method: "initialize", params: initialize });
  send({ method: "notifications/initialized" });
  send({ id: "2", method: "tools/call", params: { name: "own__ok", arguments: {} } });
  gateway.stdin.write("this is not JSON\n");
  const progress = { name: "everything__trigger-long-running-operation", arguments: { duration: 0.1, steps: 2 } };
  send({ id: 3, method: "tools/call", params: { ...progress, _meta: { progressToken: "mine" } } });
  const answers = (): readonly RpcMessage[] =>
    gateway
      .stdout()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as RpcMessage);
  await poll("four answers", () => answers().filter(({ id }) => id !== undefined).length >= 4);
  const reports = answers().filter(({ method }) => method === "notifications/progress");
  expect(reports.map(({ params }) => params)).toEqual(
    [1, 2].map((done) => ({ progressToken: "mine", progress: done, total: 2 })),
  );
  const order = answers().map(({ id, method }) => id ?? method);
  expect(order.indexOf(3)).toBeGreaterThan(order.lastIndexOf("notifications/progress"));
  expect(answers().find(({ id }) => id === "2")?.result).toMatchObject({ content: [{ type: "text", text: "ok" }] });
  expect(answers().find(({ id }) => id === null)?.error).toMatchObject({ code: -32_700 });
  expect(processesMarked(MARKER).length).toBeGreaterThan(0);
  gateway.stdin.end();
  let exit: unknown;
  void gateway.exited.then((value) => {
    exit = value;
  });
  expect(await poll("the gateway to end", () => exit)).toEqual({ code: 0, signal: null });
  await poll("the upstream to end", () => processesMarked(MARKER).length === 0);
  expect(unstructuredLines(gateway.stderr())).toEqual([]);

  function send(message: object): void {
    gateway.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }
});
