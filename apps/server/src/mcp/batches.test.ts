import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { circuitBreakerOptions, executionOptions, Gateway, nodePlatform, subprocessOptions } from "@mcp-hangar/core";
import { FakeTransport } from "@mcp-hangar/core/testing";
import { TelemetryBus } from "@mcp-hangar/telemetry";
import { expect, it, onTestFinished } from "vitest";
import { createMcpFace } from "./index.ts";

const PING = { jsonrpc: "2.0", method: "ping" };
const CALL = { jsonrpc: "2.0", method: "tools/call", params: { name: "echo" } };

/** A session of that revision with a gateway before one server. */
async function open(protocolVersion: string) {
  const transport = new FakeTransport(nodePlatform.clock);
  const info = { name: "mcp-hangar", version: "0" };
  const bus = new TelemetryBus();
  const [calls, requests]: [string[], string[]] = [[], []];
  bus.on("test", (event) => {
    if (event.type === "call.finished") calls.push(event.outcome.status);
    if (event.type === "request.finished") requests.push(`${event.method} ${event.subject} ${event.outcome.status}`);
  });
  const gateway = new Gateway({
    servers: { math: subprocessOptions.parse({ mode: "subprocess", command: "fake" }) },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform: nodePlatform,
    info,
    transports: () => transport,
  });
  const face = createMcpFace({ gateway, scope: { kind: "server", id: "math" }, info, platform: nodePlatform });
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => face.handleHttp(request, response, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await face.close();
    await gateway.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  // A TCP server's address is an AddressInfo once it listens.
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const send = async (message: unknown, headers: Record<string, string>) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
      body: JSON.stringify(message),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: "t", version: "1" } };
  const opened = await send({ jsonrpc: "2.0", id: 0, method: "initialize", params }, {});
  const session = { "mcp-session-id": opened.headers.get("mcp-session-id") ?? "" };
  return { send: (message: unknown, headers = session) => send(message, headers), calls, requests };
}

it.each(["2025-03-26", "2024-11-05"])("a client of %s may send several messages at once", async (version) => {
  const { send, calls } = await open(version);
  const { status, text } = await send([
    { ...PING, id: 1 },
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { ...CALL, id: "1" },
    { jsonrpc: "2.0", id: 7, result: {} },
    { ...PING, id: 2, method: "no/such" },
    { id: 3, method: "ping" },
    { jsonrpc: "2.0", id: 4, method: "initialize", params: {} },
    { ...CALL, id: "1" },
  ]);
  expect(status).toBe(200);
  const answers: { id: unknown; result?: object; error?: { code: number; message: string } }[] = JSON.parse(text);
  const of = (id: unknown) => answers.filter((answer) => answer.id === id);
  expect(answers).toHaveLength(6);
  expect(of(1)).toMatchObject([{ result: {} }]);
  expect(of(2)).toMatchObject([{ error: { code: -32601 } }]);
  expect(of(3)).toMatchObject([{ error: { code: -32600 } }]);
  expect(of(4)).toMatchObject([{ error: { code: -32600, message: expect.stringContaining("alone") } }]);
  expect(of("1")).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ result: expect.anything() }),
      expect.objectContaining({ error: expect.objectContaining({ message: expect.stringContaining("in use") }) }),
    ]),
  );
  expect(calls).toEqual(["success"]);
});

it("nobody waits for an answer to messages that have none", async () => {
  const { send } = await open("2025-03-26");
  const note = { jsonrpc: "2.0", method: "notifications/initialized" };
  expect(await send([note, note])).toMatchObject({ status: 202, text: "" });
});

it("a call without an id is not done, and told once, alone and in a batch", async () => {
  const { send, calls, requests } = await open("2025-03-26");
  requests.length = 0;
  expect(await send(CALL)).toMatchObject({ status: 202, text: "" });
  expect(await send([CALL, { jsonrpc: "2.0", method: "notifications/initialized" }])).toMatchObject({ status: 202 });
  expect([calls, requests]).toEqual([[], ["_other tools/call rejected", "_other tools/call rejected"]]);
});

it.each([
  ["of a revision without them", "2025-11-25", [{ ...PING, id: 1 }], undefined],
  ["without a session", "2025-03-26", [{ ...PING, id: 1 }], {}],
  ["of nothing", "2025-03-26", [], undefined],
  ["that is endless", "2025-03-26", Array.from({ length: 101 }, (_, id) => ({ ...PING, id })), undefined],
])("a batch %s is refused as a whole", async (_name, version, messages, headers) => {
  const { send } = await open(version);
  const { status, text } = await send(messages, headers as { "mcp-session-id": string } | undefined);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({ error: { code: -32600 } });
});
