import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runConformanceScenario } from "../src/harness/conformance-suite.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { connect } from "../src/harness/mcp-client.ts";
import { type HttpUpstream, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";

const SCENARIO = "http-custom-header-server-validation";

let upstream: HttpUpstream;
let gateway: HttpGateway;

beforeAll(async () => {
  upstream = await startFixture("conformance/main.ts", "both");
  gateway = await startGateway({ mcp_servers: { fixture: { mode: "remote", endpoint: upstream.url } } });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

test("the official scenario about headers of arguments passes directly and through the gateway", async () => {
  const direct = await runConformanceScenario(upstream.url, SCENARIO);
  expect(direct).toEqual(Array(direct.length).fill(expect.stringContaining("SUCCESS")));
  expect(direct.length).toBeGreaterThan(5);
  expect(await runConformanceScenario(gateway.mcpUrl("fixture"), SCENARIO)).toEqual(direct);
});

describe.each([
  ["the server alone", "fixture", ""],
  ["all servers", undefined, "fixture__"],
])("a call at the endpoint of %s", (_what, server, prefix) => {
  const call = (args: object, headers: Record<string, string>) =>
    modernRequest(
      gateway.mcpUrl(server),
      "tools/call",
      { name: `${prefix}test_x_mcp_header`, arguments: args },
      { headers },
    );

  test("is passed on when its headers agree with its arguments", async () => {
    const { status, message } = await call({ region: "eu" }, { "mcp-param-region": "eu" });
    expect({ status, error: message.error }).toEqual({ status: 200, error: undefined });
  });

  test.each([
    ["another value", { region: "eu" }, { "mcp-param-region": "us" }],
    ["no header", { region: "eu" }, {}],
    ["no argument", {}, { "mcp-param-region": "eu" }],
    ["broken base64", { region: "Hello" }, { "mcp-param-region": "=?base64?SGVsbG8?=" }],
  ])("is refused with %s", async (_why, args, headers) => {
    const { status, message } = await call(args, headers as Record<string, string>);
    expect({ status, code: message.error?.code }).toEqual({ status: 400, code: -32020 });
  });
});

test("the official client, which writes the headers, is understood", async () => {
  await using client = await connect("sdk v2 auto", gateway.mcpUrl());
  await client.tools();
  expect((await client.call("fixture__test_x_mcp_header", { region: "köln" })).isError).not.toBe(true);
});
