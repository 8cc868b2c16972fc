import { join } from "node:path";
import { exitOf, parseLogEvents, poll, startHangar } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { startGateway, writeConfig } from "../src/harness/gateway-process.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { causedFacts, expectKept, expectLogged, expectRecords } from "../src/harness/told-facts.ts";
import { EVERYTHING, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { managementCalls } from "../src/harness/walk/documented-operations.ts";
import { methodsOf } from "../src/harness/walk/mcp-steps.ts";
import { fleetOf, SERVER, type Walker } from "../src/harness/walk/step.ts";
import { witness } from "../src/harness/witness.ts";

const LOCAL: Walker = { name: "local", headers: () => ({}), may: () => true, reaches: () => true };
const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "hangar-e2e-pipes", version: "1.0.0" },
};
const MODERN = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** A line that the client writes, what it causes, and whether it is answered. */
type Line = readonly [line: object | string, facts: readonly string[], isAnswered?: false];

const CALLS: readonly string[] = [`${SERVER}__test_simple_text`, `${SERVER}__no_such_tool`];

/** Every method of both eras, calls, every tool of the management, and what cannot be read; each once. */
function lines(): readonly Line[] {
  let lastId = 0;
  const asked = (era: string, method: string, params: object): object => {
    lastId += 1;
    return { id: lastId, method, params: era === "modern" ? { ...params, _meta: MODERN } : params };
  };
  const inEra = (era: "legacy" | "modern"): readonly Line[] => [
    ...methodsOf(undefined).flatMap(([method, params, only = era]): readonly Line[] =>
      only === era
        ? [[asked(era, method, params), [`request.finished ${method === "no/such/method" ? "_other" : method} local`]]]
        : [],
    ),
    ...CALLS.map((name): Line => [asked(era, "tools/call", { name, arguments: {} }), ["call.finished local"]]),
    ...managementCalls().map(
      ({ name, arguments: args, facts }): Line => [asked(era, "tools/call", { name, arguments: args }), facts(LOCAL)],
    ),
  ];
  const listen = asked("modern", "subscriptions/listen", { notifications: { toolsListChanged: true } });
  const listenId = lastId;
  const isNoName = { _meta: { ...MODERN, "io.modelcontextprotocol/clientInfo": 1 } };
  return [
    [asked("legacy", "initialize", INITIALIZE), ["session.opened local", "request.finished initialize local"]],
    [{ method: "notifications/initialized" }, [], false],
    [asked("legacy", "ping", {}), []],
    ...inEra("legacy"),
    ...inEra("modern"),
    [{ method: "tools/call", params: { name: CALLS[0] } }, ["request.finished _other local"], false],
    ...(["legacy", "modern"] as const).flatMap((era): readonly Line[] => {
      const call = asked(era, "tools/call", { name: `${SERVER}__test_until_cancelled`, arguments: {} });
      const cancel = { method: "notifications/cancelled", params: { requestId: lastId } };
      return [
        [call, [], false],
        [cancel, ["call.finished local"], false],
      ];
    }),
    // It is answered when it ends.
    [listen, [], false],
    [
      { method: "notifications/cancelled", params: { requestId: listenId } },
      ["request.finished subscriptions/listen local"],
      false,
    ],
    [asked("legacy", "tools/list", isNoName), ["request.finished tools/list local"]],
    ["this is not JSON", ["request.finished _other local"]],
    [JSON.stringify([{ jsonrpc: "2.0", id: 1, method: "ping" }]), ["request.finished _other local"]],
  ];
}

test("whatever the client at the other end of the pipes does is told once", async () => {
  await using folder = await temporaryFolder();
  await using fixture = await startFixture("conformance/main.ts");
  await using inside = await witness();
  const config = {
    mcp_servers: fleetOf(fixture.url, nodeServer(EVERYTHING)),
    history: { file: join(folder.path, "history.db") },
    management: { allow_runtime_servers: ["remote"], tools: { on_mcp: ["*"] } },
    logging: { level: "debug", json_format: true },
    config_reload: { watch: false },
  };
  const args = ["serve", "--config", await writeConfig(folder.path, config)];
  await using gateway = await startHangar(args, inside.env);
  const expected: string[] = [];
  let answers = 0;
  for (const [line, facts, isAnswered = true] of lines()) {
    gateway.stdin.write(`${typeof line === "string" ? line : JSON.stringify({ jsonrpc: "2.0", ...line })}\n`);
    if (isAnswered) answers += 1;
    expected.push(...facts);
    // One after the other, so that the order is known.
    const what = typeof line === "string" ? line : JSON.stringify(line);
    await poll(`the answer to ${what}`, () => answersOf(gateway.stdout()) >= answers);
    await poll(`what is told of ${what}`, () => causedFacts(inside).length >= expected.length);
    expect(causedFacts(inside), what).toEqual(expected);
  }
  gateway.stdin.end();
  await exitOf(gateway, "the gateway whose client closed its end");

  expect(causedFacts(inside)).toEqual([...expected, "session.closed local"]);
  expectRecords(inside.events());
  expect(inside.events().filter(({ record }) => record?.type === "tool.call.cancelled")).toHaveLength(2);
  await expectLogged(() => parseLogEvents(gateway.stderr()), inside);
  await using later = await startGateway(config);
  await expectKept(later, inside.events());
});

function answersOf(stdout: string): number {
  return stdout.split("\n").filter((line) => line.includes('"id":')).length;
}
