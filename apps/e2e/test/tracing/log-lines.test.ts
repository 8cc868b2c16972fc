import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { startGateway } from "../../src/harness/gateway-process.ts";
import { agentContext } from "../../src/harness/span-tree.ts";
import { nodeServer } from "../../src/harness/upstreams.ts";
import { modernRequest } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

test("every line about the work of one request names its trace, also where no spans are made", async () => {
  await using gateway = await startGateway({
    mcp_servers: { pipe: nodeServer(fixtureFile("misbehaving/stdio.ts")) },
    logging: { level: "debug", json_format: true },
  });
  const { traceId, spanId, traceparent } = agentContext(7);
  const meta = { traceparent };
  const calls = [{ server: "pipe", tool: "ok", arguments: {} }];
  await modernRequest(gateway.mcpUrl(), "tools/call", { name: "hangar_call", arguments: { calls }, _meta: meta });
  await modernRequest(gateway.manageUrl, "tools/call", { name: "hangar_list", arguments: {}, _meta: meta });
  await modernRequest(gateway.mcpUrl(), "tools/list", { _meta: meta });
  const lines = ["batch_finished", "tool_invoked", "operation_finished", "request_finished"];
  await poll("a line of each", () => lines.every((name) => gateway.events(name).length > 0));
  for (const name of lines) {
    expect(gateway.events(name), name).toMatchObject([{ trace_id: traceId, span_id: spanId }]);
  }
});
