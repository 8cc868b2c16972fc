import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { taskClient } from "../src/harness/task-client.ts";
import { EVERYTHING, type HttpUpstream, nodeServer, startEverythingOverHttp } from "../src/harness/upstreams.ts";

let upstream: HttpUpstream;
let gateway: HttpGateway;

beforeAll(async () => {
  upstream = await startEverythingOverHttp();
  gateway = await startGateway({
    mcp_servers: { piped: nodeServer(EVERYTHING), remote: { mode: "remote", endpoint: upstream.url } },
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

const ROUTES = [
  { route: "directly (the control)", server: undefined, prefix: "" },
  { route: "over its own endpoint, stdio upstream", server: "piped", prefix: "" },
  { route: "over its own endpoint, HTTP upstream", server: "remote", prefix: "" },
  { route: "aggregated, stdio upstream", server: "aggregate", prefix: "piped__" },
  { route: "aggregated, HTTP upstream", server: "aggregate", prefix: "remote__" },
] as const;

describe.each(ROUTES)("the research of server-everything, $route", ({ server, prefix }) => {
  const url = (): string =>
    server === undefined ? upstream.url : gateway.mcpUrl(server === "aggregate" ? undefined : server);
  const name = `${prefix}simulate-research-query`;

  test("is done as a task by the official client, which is asked on the way", async () => {
    await using ann = await taskClient(url());
    expect(ann.client.getServerCapabilities()?.tasks).toEqual({
      list: {},
      cancel: {},
      requests: { tools: { call: {} } },
    });
    expect(await ann.names()).toContain(name);
    const seen: string[] = [];
    const stream = ann.tasks.callToolStream(
      { name, arguments: { topic: "python", ambiguous: true } },
      CallToolResultSchema,
    );
    let text = "";
    for await (const message of stream) {
      if (message.type === "taskStatus") seen.push(message.task.status);
      if (message.type === "error") throw message.error;
      if (message.type === "result") text = JSON.stringify(message.result);
    }
    expect(text).toContain("Research Report: python (snake)");
    expect(seen).toContain("working");
    expect(ann.asked).toHaveLength(1);
  });
});
