import { join } from "node:path";
import { exitOf, parseLogEvents, poll, startProcess } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { factTable } from "../src/harness/fact-table.ts";
import { gatewayArguments, startGateway, writeConfig } from "../src/harness/gateway-process.ts";
import { rest } from "../src/harness/rest.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { EVERYTHING, nodeServer } from "../src/harness/upstreams.ts";

const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "hangar-e2e-pipes", version: "1.0.0" },
};
const MODERN = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** What the client writes, and what is recorded of it: the method, or what became of a call. */
const LINES: readonly (readonly [line: object | string, recorded: readonly string[]])[] = [
  [{ id: 1, method: "initialize", params: INITIALIZE }, ["initialize"]],
  [{ method: "notifications/initialized" }, []],
  [{ id: 2, method: "ping" }, []],
  [{ id: 3, method: "tools/list" }, ["tools/list"]],
  [{ id: 4, method: "prompts/get", params: { name: "everything__simple-prompt" } }, ["prompts/get"]],
  [{ id: 5, method: "resources/read", params: { uri: "hangar://nowhere/x" } }, ["resources/read"]],
  [{ id: 6, method: "logging/setLevel", params: { level: "info" } }, ["logging/setLevel"]],
  [{ id: 7, method: "tools/call", params: { name: "everything__echo", arguments: { message: "x" } } }, ["success"]],
  [{ id: 8, method: "tools/call", params: { name: "everything__nothing" } }, ["rejected"]],
  [{ id: 9, method: "tools/call", params: { name: "hangar_list", arguments: {} } }, ["listServers"]],
  [{ id: 10, method: "resources/list", params: { _meta: MODERN } }, ["resources/list"]],
  [{ id: 11, method: "server/discover", params: { _meta: MODERN } }, ["server/discover"]],
  [
    { id: 12, method: "tools/list", params: { _meta: { ...MODERN, "io.modelcontextprotocol/clientInfo": 1 } } },
    ["tools/list"],
  ],
  ["this is not JSON", ["_other"]],
];

test("what the client at the other end of the pipes does is told once in the log and once in the history", async () => {
  await using folder = await temporaryFolder();
  const config = {
    mcp_servers: { everything: nodeServer(EVERYTHING) },
    history: { file: join(folder.path, "history.db") },
    logging: { level: "debug", json_format: true },
  };
  const args = gatewayArguments("serve", "--config", await writeConfig(folder.path, config));
  await using gateway = await startProcess({ command: process.execPath, args });
  let answers = 0;
  for (const [line] of LINES) {
    gateway.stdin.write(`${typeof line === "string" ? line : JSON.stringify({ jsonrpc: "2.0", ...line })}\n`);
    if (typeof line === "string" || "id" in line) answers += 1;
    // One after the other, so that the order is known.
    await poll(`answer ${answers}`, () => answersOf(gateway.stdout()) >= answers);
  }
  gateway.stdin.end();
  await exitOf(gateway, "the gateway whose client closed its end");

  const events = parseLogEvents(gateway.stderr());
  const told = events.flatMap(({ method, operation, status, call_id: call, request_id: request, caller }) => {
    if (call === undefined && request === undefined && operation === undefined) return [];
    expect(caller).toBe("local");
    return [String(method ?? operation ?? status)];
  });
  expect(told).toEqual(LINES.flatMap(([, recorded]) => recorded));
  expect(events.filter(({ event }) => event === "session_opened" || event === "session_closed")).toHaveLength(2);
  // Every line about a fact is promised by the table.
  const promised = new Set([...factTable().values()].flatMap(({ log }) => log));
  for (const name of ["request_finished", "tool_invoked", "operation_finished", "gateway_stopped"]) {
    expect(promised).toContain(name);
    expect(events.map(({ event }) => event)).toContain(name);
  }

  await using later = await startGateway(config);
  const page = (await rest(later, "GET", "/api/history?limit=1000")).json();
  // A page of a history that is kept.
  const rows = page.calls as readonly { readonly call_id: string; readonly kind: string; readonly caller: string }[];
  const ids = events.flatMap(({ call_id: call, request_id: request }) => call ?? request ?? []);
  expect(rows.map(({ call_id: id }) => id).toReversed()).toEqual(ids);
  expect(new Set(rows.map(({ caller }) => caller))).toEqual(new Set(["local"]));
  expect(rows.filter(({ kind }) => kind === "call")).toHaveLength(2);
});

function answersOf(stdout: string): number {
  return stdout.split("\n").filter((line) => line.includes('"id":')).length;
}
