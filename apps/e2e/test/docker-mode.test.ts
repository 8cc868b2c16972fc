import { poll, processesMarked } from "@mcp-hangar/testing";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { describe, expect, test } from "vitest";
import { containerStandIn } from "../src/harness/container-stand-in.ts";
import { startGateway } from "../src/harness/gateway-process.ts";
import { connect } from "../src/harness/mcp-client.ts";
import { agentContext, spansOfTrace } from "../src/harness/span-tree.ts";
import { isServed, onlySpan } from "../src/harness/traced-gateway.ts";
import { EVERYTHING } from "../src/harness/upstreams.ts";
import { modernRequest, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const TOKEN = "hunter2-hunter2";

describe("a server in a container", () => {
  test("gets the context of the span that asks it", async () => {
    const receiver = await OtlpReceiver.start();
    try {
      await using engine = await containerStandIn(fixtureFile("misbehaving/stdio.ts"));
      await using gateway = await startGateway(
        { mcp_servers: { boxed: engine.server } },
        { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl, OTEL_BSP_SCHEDULE_DELAY: "50" },
      );
      const { traceId, spanId, traceparent } = agentContext(1);
      const params = { name: "boxed__meta", arguments: {}, _meta: { traceparent } };
      const { message } = await modernRequest(gateway.mcpUrl(), "tools/call", params);
      const spans = await spansOfTrace(receiver, traceId, isServed);
      const asked = onlySpan(spans, "CLIENT");
      expect(JSON.parse(textOf(message))).toMatchObject({ traceparent: `00-${traceId}-${asked.spanId}-01` });
      expect(asked.attributes).toMatchObject({ "mcp.server.mode": "docker", "network.transport": "pipe" });
      expect(onlySpan(spans, "SERVER")).toMatchObject({ spanId: asked.parentSpanId, parentSpanId: spanId });
    } finally {
      await receiver.close();
    }
  });

  test("is called by an official client, counted, and gone after the gateway has stopped", async () => {
    await using engine = await containerStandIn(EVERYTHING, "stdio");
    await using gateway = await startGateway(
      { mcp_servers: { everything: { ...engine.server, env: { API_TOKEN: `\${TOKEN}` }, memory: "256m" } } },
      { TOKEN },
    );
    await using client = await connect("sdk v2 auto", gateway.mcpUrl("everything"));
    expect(await client.call("get-sum", { a: 2, b: 40 })).toMatchObject({ content: [{ text: /42/ }] });
    const environment = await client.call("get-env");
    expect(JSON.stringify(environment)).toContain(TOKEN);
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_mcp_server_info", { mcp_server: "everything", mode: "docker" })).toBe(1);
    expect(page.sum("mcp_hangar_tool_calls_total", { mcp_server: "everything", status: "success" })).toBe(2);
    expect(engine.containers()).toHaveLength(1);
    await gateway.stop();
    expect(engine.containers()).toEqual([]);
    expect(processesMarked(engine.folder)).toEqual([]);
    const [run = []] = engine.commands();
    expect(run).toEqual(expect.arrayContaining(["--network=none", "--read-only", "--memory=256m", "--env=API_TOKEN"]));
    expect(JSON.stringify(engine.commands())).not.toContain(TOKEN);
    expect(engine.commands().at(-1)).toEqual([
      "rm",
      "--force",
      "--volumes",
      expect.stringMatching(/^mcp-hangar-everything-/),
    ]);
  });

  test("that heeds nothing is gone soon after the gateway was killed", async () => {
    const marker = `docker-kill-${process.pid}-end`;
    await using engine = await containerStandIn(
      fixtureFile("misbehaving/stdio.ts"),
      "--stubborn",
      "--stubborn-child",
      marker,
    );
    await using gateway = await startGateway({ mcp_servers: { own: engine.server } });
    const answer = await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "ok", arguments: {} });
    expect(textOf(answer.message)).toBe("ok");
    expect(processesMarked(marker).length).toBeGreaterThan(0);
    gateway.process.kill("SIGKILL");
    await poll("the container to be removed", () => processesMarked(marker).length === 0);
    await poll("its client and its reaper to end", () => processesMarked(engine.folder).length === 0);
    expect(engine.containers()).toEqual([]);
  });

  test("whose image is missing says so, and what to do", async () => {
    await using engine = await containerStandIn(EVERYTHING);
    const image = "ghcr.io/acme/no-such-thing:1";
    await using gateway = await startGateway({ mcp_servers: { own: { ...engine.server, image, pull: "never" } } });
    const { message } = await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "ok", arguments: {} });
    expect(message.error?.message).toMatch(/no-such-thing:1 is not on this machine, and pull is never\. Pull it/);
  });
});
