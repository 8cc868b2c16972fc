import { poll } from "@mcp-hangar/testing";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { expect, test } from "vitest";
import { runConformanceScenario } from "../src/harness/conformance-suite.ts";
import { startGateway } from "../src/harness/gateway-process.ts";
import { rest } from "../src/harness/rest.ts";
import { EVERYTHING, nodeServer, startFixture } from "../src/harness/upstreams.ts";

test("the official conformance suite finds that a client can come back, through the gateway as directly", async () => {
  await using upstream = await startFixture("conformance/main.ts", "polling");
  await using gateway = await startGateway({ mcp_servers: { fixture: { mode: "remote", endpoint: upstream.url } } });
  const passed = (checks: readonly string[]): readonly string[] =>
    checks.filter((check) => /Priming|RetryField|DisconnectResume/.test(check));
  const run = (url: string): Promise<readonly string[]> =>
    runConformanceScenario(url, "server-sse-polling", "2025-11-25");
  expect(passed(await run(upstream.url))).toEqual([
    "ServerSendsPrimingEvent: SUCCESS",
    "ServerSendsRetryField: SUCCESS",
    "ServerDisconnectResume: SUCCESS",
  ]);
  const through = await run(gateway.mcpUrl("fixture"));
  // The gateway itself comes back to the server, so that the client need not.
  expect(passed(through), through.join("\n")).toEqual([
    "ServerSendsPrimingEvent: SUCCESS",
    "ServerSendsRetryField: SUCCESS",
    "ServerDisconnectResume: INFO",
  ]);
}, 180_000);

test("the official client of SDK v1 gets its answer over a connection that is cut in the middle of the call", async () => {
  await using gateway = await startGateway({ mcp_servers: { piped: nodeServer(EVERYTHING) } });
  const posted = new Set<ReadableStreamDefaultController<Uint8Array>>();
  let resumed = 0;
  // Breaks the body of a response when it is told to, as a network does.
  const cuttable: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method !== "POST" && new Headers(init?.headers).has("last-event-id")) resumed++;
    const { body } = response;
    if (init?.method !== "POST" || body === null) return response;
    const reader = body.getReader();
    const through = new ReadableStream<Uint8Array>({
      start(controller) {
        posted.add(controller);
      },
      async pull(controller) {
        const { done, value } = await reader.read();
        if (!done) controller.enqueue(value);
        else controller.close();
      },
      cancel: (reason) => reader.cancel(reason),
    });
    return new Response(through, response);
  };
  const client = new Client({ name: "cut", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(gateway.mcpUrl("piped")), { fetch: cuttable });
  // The SDK's class and interface disagree about `undefined` under exactOptionalPropertyTypes only.
  await client.connect(transport as Transport);
  const heard: number[] = [];
  posted.clear();
  const args = { duration: 6, steps: 12 };
  const called = client.callTool({ name: "trigger-long-running-operation", arguments: args }, undefined, {
    onprogress: ({ progress }) => void heard.push(progress),
    timeout: 120_000,
  });
  await poll("progress", () => heard.length >= 2);
  for (const controller of posted) controller.error(new Error("the network is gone"));
  expect((await called).content).toEqual([
    { type: "text", text: "Long running operation completed. Duration: 6 seconds, Steps: 12." },
  ]);
  expect(heard).toEqual(Array.from({ length: 12 }, (_, step) => step + 1));
  expect(resumed).toBe(1);
  const view = await rest(gateway, "GET", "/api/mcp_servers/piped");
  expect(view.json().in_flight).toBe(0);
  await client.close();
}, 180_000);
