import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { agentContext, spansOfTrace } from "../../src/harness/span-tree.ts";
import { isServed, onlySpan } from "../../src/harness/traced-gateway.ts";
import { type HttpUpstream, nodeServer, startFixture } from "../../src/harness/upstreams.ts";
import { modernRequest } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

let receiver: OtlpReceiver;
let http: HttpUpstream;
let gateway: HttpGateway;
let agents = 0;

beforeAll(async () => {
  [receiver, http] = await Promise.all([OtlpReceiver.start(), startFixture("misbehaving/http.ts")]);
  const tracing = {
    endpoint: receiver.httpUrl,
    headers: { "x-own": "Token canary-of-this-section" },
    capture_arguments: true,
    capture_results: true,
    capture_max_chars: 300,
  };
  gateway = await startGateway(
    {
      mcp_servers: {
        pipe: { ...nodeServer(fixtureFile("misbehaving/stdio.ts")) },
        http: { mode: "remote", endpoint: http.url, headers: { "x-api-key": "canary-of-a-header" } },
      },
      observability: { tracing },
    },
    { OTEL_BSP_SCHEDULE_DELAY: "50", OTEL_EXPORTER_OTLP_HEADERS: "x-vendor=canary-of%20a-variable" },
  );
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await http?.[Symbol.asyncDispose]();
  await receiver?.close();
});

async function attributesOf(name: string, args: object): Promise<Readonly<Record<string, unknown>>> {
  const agent = agentContext(++agents);
  await modernRequest(gateway.mcpUrl(), "tools/call", {
    name,
    arguments: args,
    _meta: { traceparent: agent.traceparent },
  });
  const spans = await spansOfTrace(receiver, agent.traceId, isServed);
  return onlySpan(spans, "SERVER").attributes;
}

describe.each(["pipe", "http"])("a gateway that captures payload, in front of %s", (server) => {
  test("shows arguments and results, without what a key or a known secret gives away", async () => {
    const shown = await attributesOf(`${server}__echo`, {
      city: "Berlin",
      password: "hunter2-hunter2",
      again: "canary-of-a-header",
      vendor: "canary-of a-variable",
      section: "canary-of-this-section",
    });
    expect(JSON.parse(String(shown["gen_ai.tool.call.arguments"]))).toEqual({
      city: "Berlin",
      password: "[redacted]",
      again: "[redacted]",
      vendor: "[redacted]",
      section: "[redacted]",
    });
    const result = String(shown["gen_ai.tool.call.result"]);
    expect(result).toContain("Berlin");
    expect(result).not.toMatch(/hunter2|canary/);
  });

  test("cuts results that are large, however they are held", async () => {
    const shown = await attributesOf(`${server}__big`, { bytes: 500_000 });
    const result = String(shown["gen_ai.tool.call.result"]);
    expect(result).toMatch(/^\{"content":\[.*x…$/);
    expect(result).toHaveLength(301);
  });
});

test("nothing that is secret is in any span", () => {
  const everything = receiver.spans.map((span) =>
    JSON.stringify(span, (_key, value: unknown) => (typeof value === "bigint" ? `${value}` : value)),
  );
  expect(everything.length).toBeGreaterThan(4);
  expect(everything.join("\n")).not.toMatch(/hunter2|canary/);
});
