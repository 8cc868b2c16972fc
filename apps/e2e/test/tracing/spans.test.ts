import { OtlpReceiver, type ReceivedSpan } from "@mcp-hangar/testing/otlp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { agentContext, outline, spansOfTrace, treeUnder } from "../../src/harness/span-tree.ts";
import { type HttpUpstream, nodeServer, startFixture } from "../../src/harness/upstreams.ts";
import { modernRequest, textOf } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

let receiver: OtlpReceiver;
let upstream: HttpUpstream;
let gateway: HttpGateway;

beforeAll(async () => {
  [receiver, upstream] = await Promise.all([OtlpReceiver.start(), startFixture("misbehaving/http.ts")]);
  const stdio = nodeServer(fixtureFile("misbehaving/stdio.ts"));
  gateway = await startGateway(
    {
      mcp_servers: {
        pipe: stdio,
        http: { mode: "remote", endpoint: upstream.url },
        first: nodeServer(fixtureFile("misbehaving/stdio.ts"), "--refuse"),
        second: stdio,
        pool: { mode: "group", strategy: "priority", members: [{ id: "first", priority: 1 }, { id: "second", priority: 2 }] },
      },
    },
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl, OTEL_BSP_SCHEDULE_DELAY: "50" },
  );
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
  await receiver?.close();
});

test("smoke", async () => {
  const agent = agentContext(1);
  const { message } = await modernRequest(gateway.mcpUrl(), "tools/call", { name: "pipe__meta", arguments: {a: 1}, _meta: { traceparent: agent.traceparent } });
  console.log(textOf(message));
  const b = await modernRequest(gateway.mcpUrl(), "tools/call", { name: "hangar_call", arguments: { calls: [{ server: "http", tool: "headers", arguments: {} }, { server: "pool", tool: "rpc_error", arguments: {} }] }, _meta: { traceparent: agentContext(2).traceparent } });
  console.log(JSON.stringify(b.message).slice(0, 1500));
  await new Promise((r) => setTimeout(r, 2000));
  for (const s of receiver.spans) console.log(s.traceId, s.spanId, s.parentSpanId, s.kind, s.name, s.status, s.attributes, s.links, s.events, s.endTimeUnixNano - s.startTimeUnixNano);
  console.log(outline(treeUnder(receiver.spans, agent.spanId)), outline(treeUnder(receiver.spans, agentContext(2).spanId)));
  console.log(receiver.spans[0]?.resource, gateway.events());
});
