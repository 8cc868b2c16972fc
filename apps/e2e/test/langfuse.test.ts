// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { poll } from "@mcp-hangar/testing";
import { type LangfuseBehaviour, LangfuseReceiver } from "@mcp-hangar/testing/langfuse";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type GatewayConfig, type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { rest } from "../src/harness/rest.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest, openLegacySession } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");
const KEYS = { LANGFUSE_PUBLIC_KEY: LangfuseReceiver.publicKey, LANGFUSE_SECRET_KEY: LangfuseReceiver.secretKey };

let langfuse: LangfuseReceiver;
beforeEach(async () => {
  langfuse = await LangfuseReceiver.start();
});
afterEach(() => langfuse.close());

function start(changes: Partial<GatewayConfig> = {}, env: Readonly<Record<string, string>> = {}): Promise<HttpGateway> {
  const config = { mcp_servers: { own: nodeServer(STDIO) }, ...changes };
  return startGateway(config, { MCP_LANGFUSE_ENABLED: "true", LANGFUSE_HOST: langfuse.url, ...KEYS, ...env });
}

/** What became of everything that an exporter was given, by the metrics of the gateway. */
async function accounts(gateway: HttpGateway, exporter: string): Promise<Record<string, number>> {
  const page = await gateway.metrics();
  const sum = (name: string, labels = {}): number => page.sum(`mcp_hangar_telemetry_${name}`, { exporter, ...labels });
  return { delivered: sum("events_total"), dropped: sum("dropped_total"), queued: sum("queue_size") };
}

describe("with keys that are accepted", () => {
  test("every way into the gateway carries trace, user and session of the caller to Langfuse", async () => {
    await using gateway = await start();
    expect(await gateway.process.event("langfuse_keys_accepted")).toMatchObject({ projects: "demo" });
    const ids = (n: number) => ({ trace_id: `trace-of-${n}`, user_id: `user-${n}`, session_id: `session-${n}` });
    await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "ok", arguments: {}, _meta: ids(1) });
    const session = await openLegacySession(gateway.mcpUrl("own"));
    await session.request("tools/call", { name: "ok", arguments: {}, _meta: ids(2) });
    const batch = [3, 4].map((n) => ({ server: "own", tool: "ok", _meta: ids(n) }));
    const called = await modernRequest(gateway.mcpUrl(), "tools/call", {
      name: "hangar_call",
      arguments: { calls: batch },
    });
    expect(called.message.result).toMatchObject({ structuredContent: { succeeded: 2 } });
    const path = "/api/mcp_servers/own/tools/ok/call";
    expect((await rest(gateway, "POST", path, { body: { arguments: {}, ...ids(5) } })).status).toBe(200);
    // The server became healthy, too.
    await poll("six observations and their scores", () => langfuse.spans.length >= 6 && langfuse.scores.length >= 11);
    const told = langfuse.spans
      .filter(({ name }) => name === "own/ok")
      .map(({ attributes }) => ({
        trace_id: attributes["langfuse.observation.metadata.original_trace_id"],
        user_id: attributes["user.id"],
        session_id: attributes["session.id"],
      }));
    expect(told.toSorted((a, b) => String(a.user_id).localeCompare(String(b.user_id)))).toEqual(
      [1, 2, 3, 4, 5].map(ids),
    );
    expect(langfuse.refusals).toEqual([]);
    await poll("accounts in which nothing waits", async () => (await accounts(gateway, "langfuse")).queued === 0);
    expect(await accounts(gateway, "langfuse")).toMatchObject({ delivered: langfuse.spans.length, dropped: 0 });
    expect(await accounts(gateway, "langfuse_scores")).toMatchObject({ delivered: langfuse.scores.length, dropped: 0 });
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
  });

  test("what waits is delivered when the gateway stops, and what strangers to a tool cause at will is not", async () => {
    const gateway = await start();
    await gateway.process.event("langfuse_keys_accepted");
    for (let call = 0; call < 100; call++)
      await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "no_tool" });
    await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "ok" });
    await gateway.stop();
    const tools = langfuse.spans.map(({ attributes }) => attributes["langfuse.observation.metadata.tool"]);
    expect(tools.filter((tool) => tool === "ok")).toHaveLength(1);
    expect(tools.filter((tool) => tool === "no_tool").length).toBeGreaterThanOrEqual(1);
    expect(tools.filter((tool) => tool === "no_tool").length).toBeLessThan(100);
  });

  test("nothing of arguments, results, errors, headers and environment leaves unless it is asked for", async () => {
    const canary = (of: string): string => `canary in ${of} 5e1f`;
    const server = {
      ...nodeServer(STDIO),
      env: { ...(nodeServer(STDIO).env as object), CANARY: canary("environment") },
    };
    const indiscreet = nodeServer(fixtureFile("indiscreet/stdio.ts"));
    const given = { ...indiscreet, env: { ...(indiscreet.env as object), GIVEN_SECRET: canary("errors") } };
    const gateway = await start(
      { mcp_servers: { own: server, indiscreet: given } },
      { GATEWAY_CANARY: canary("gateway") },
    );
    const headers = {
      "x-canary": canary("headers"),
      authorization: `Bearer ${Buffer.from(canary("token")).toString("base64")}`,
    };
    const call = (id: string, name: string, args: object) =>
      modernRequest(gateway.mcpUrl(id), "tools/call", { name, arguments: args }, { headers });
    const echo = await call("own", "echo", { note: canary("arguments"), [canary("names")]: 1 });
    expect(JSON.stringify(echo.message)).toContain(canary("arguments"));
    await call("own", "rpc_error", { note: canary("arguments") });
    await call("own", "is_error", { note: canary("arguments") });
    expect(JSON.stringify((await call("indiscreet", "error", {})).message)).toContain("refused");
    await gateway.stop();
    expect(langfuse.spans.length).toBeGreaterThanOrEqual(4);
    const sent = langfuse.raw.join("\n");
    expect(sent).not.toMatch(/canary|Y2FuYXJ5|refused/);
    for (const key of Object.values(KEYS)) expect(gateway.process.stderr()).not.toContain(key.slice(6));
  });

  test("arguments and results leave when they are asked for, and secrets in them do not", async () => {
    const gateway = await start({
      observability: { langfuse: { scrub_inputs: false, scrub_outputs: false, environment: "test" } },
    });
    await modernRequest(gateway.mcpUrl("own"), "tools/call", {
      name: "echo",
      arguments: { city: "Paris", password: "correct horse battery" },
    });
    await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "rpc_error", arguments: {} });
    await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "big", arguments: { bytes: 3_000_000 } });
    const meta = { cost: 0.25, "gen_ai.usage.output_tokens": 30 };
    await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "usage", arguments: { bytes: 400_000, meta } });
    await gateway.stop();
    const [echo, failed, big, usage] = langfuse.spans
      .filter(({ name }) => name.startsWith("own/"))
      .map(({ attributes }) => attributes);
    expect(echo).toMatchObject({
      "langfuse.environment": "test",
      "langfuse.observation.input": '{"city":"Paris","password":"[redacted]"}',
    });
    expect(String(echo?.["langfuse.observation.output"])).toContain("Paris");
    expect(String(failed?.["langfuse.observation.status_message"])).toContain("refused by the upstream");
    expect(String(big?.["langfuse.observation.output"])).toMatch(/^\{"content":\[\{"type":"text","text":"x+…$/);
    expect(usage).toMatchObject({
      "langfuse.observation.cost_details": '{"total":0.25}',
      "langfuse.observation.usage_details": '{"output":30}',
    });
    expect(langfuse.raw.join("\n")).not.toContain("battery");
    expect(langfuse.refusals).toEqual([]);
  });
});

test("keys that are refused are logged, and keep no call from its answer", async () => {
  await using gateway = await start({}, { LANGFUSE_SECRET_KEY: "sk-lf-of-another-project" });
  expect(await gateway.process.event("langfuse_keys_refused")).toMatchObject({
    level: "error",
    message: expect.stringContaining("HTTP 401"),
  });
  const { message } = await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "ok" });
  expect(message.result).toMatchObject({ content: [{ text: "ok" }] });
  await poll("a refused export", async () => {
    const page = await gateway.metrics();
    return page.sum("mcp_hangar_telemetry_failures_total", { exporter: "langfuse", reason: "rejected" }) > 0;
  });
  const ready = await fetch(`${gateway.url}/health/ready`);
  expect([ready.status, await ready.text()]).toEqual([200, expect.stringContaining("keys are not accepted")]);
});

const FAULTS: readonly (readonly [name: string, behaviour: LangfuseBehaviour])[] = [
  ["hangs", { kind: "hang" }],
  // Between two attempts nothing but a timer is left of the gateway.
  ["answers 503", { kind: "refuse", status: 503 }],
  ["breaks connections off", { kind: "reset" }],
];

test.each(FAULTS)(
  "a Langfuse that %s holds up neither calls nor the orderly end of the gateway",
  async (_name, behaviour) => {
    langfuse.behave(behaviour);
    await using gateway = await start();
    for (let call = 0; call < 50; call++) {
      const { message } = await modernRequest(gateway.mcpUrl("own"), "tools/call", { name: "ok" });
      expect(message.result).toMatchObject({ content: [{ text: "ok" }] });
    }
    const { delivered, dropped, queued } = await accounts(gateway, "langfuse");
    // The health of the server is one more.
    expect([delivered, dropped, queued]).toEqual([0, 0, 51]);
    const before = performance.now();
    gateway.process.kill("SIGTERM");
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
    // Two seconds for the exporters and one for the log, whatever their number; the rest is what the machine takes.
    expect(performance.now() - before).toBeLessThan(10_000);
  },
);
