import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { postBytes, rawConnection } from "../src/harness/raw-http.ts";
import { type HttpUpstream, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest, namesIn, openLegacySession, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

let http: HttpUpstream;
let gateway: HttpGateway;

beforeAll(async () => {
  http = await startFixture("misbehaving/http.ts");
  gateway = await startGateway({
    mcp_servers: {
      piped: nodeServer(fixtureFile("misbehaving/stdio.ts")),
      remote: { mode: "remote", endpoint: http.url, headers: { "x-configured": "sent" } },
      filtered: { ...nodeServer(fixtureFile("misbehaving/stdio.ts")), tools: { allow: ["ok", "e*"], deny: ["echo"] } },
    },
    observability: { metrics: { port: 0 } },
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await http?.[Symbol.asyncDispose]();
});

describe("what crosses the gateway to an upstream", () => {
  test("of the client's headers only trace context; of the configured ones all", async () => {
    const session = await openLegacySession(gateway.mcpUrl("remote"));
    const secrets = {
      authorization: "Bearer secret-1",
      cookie: "sid=secret-2",
      origin: gateway.url,
      "x-own": "secret-3",
    };
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const headers = { ...secrets, traceparent };
    const { message } = await session.request("tools/call", { name: "headers", arguments: {} }, { headers });
    const seen = JSON.parse(textOf(message)) as Record<string, string>;
    expect(seen["x-configured"]).toBe("sent");
    expect(JSON.stringify(seen)).not.toContain("secret");
    expect(seen["mcp-session-id"]).not.toBe(session.id);
    expect(seen.host).toBe(new URL(http.url).host);
    expect(seen.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
  });

  test.each(["piped", "remote"])("_meta, trace context included, to the server %s", async (server) => {
    const _meta = {
      "example.com/own": { kept: [1, "ü"] },
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      progressToken: "the client's own",
    };
    const { message } = await modernRequest(gateway.mcpUrl(server), "tools/call", {
      name: "meta",
      arguments: {},
      _meta,
    });
    const seen = JSON.parse(textOf(message)) as Record<string, unknown>;
    expect(seen["example.com/own"]).toEqual({ kept: [1, "ü"] });
    expect(seen.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
    expect(seen.progressToken).not.toBe("the client's own");
    expect(Object.keys(seen).filter((key) => key.startsWith("io.modelcontextprotocol/"))).toEqual([]);
  });
});

test("a tool that the policy hides is neither listed nor callable", async () => {
  const { message } = await modernRequest(gateway.mcpUrl("filtered"), "tools/list");
  expect(namesIn(message, "tools")).toEqual(["ok"]);
  const answer = await modernRequest(gateway.mcpUrl("filtered"), "tools/call", { name: "echo", arguments: {} });
  expect(answer.message.error).toBeDefined();
});

test("with a port of their own, metrics are served there and not beside the traffic", async () => {
  const [listening] = gateway.events("metrics_listening");
  const page = await fetch(String(listening?.url));
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("mcp_hangar_build_info");
  expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404);
});

describe("hostile requests beside /mcp", () => {
  test.each([
    ["GET", "/api/mcp_servers/__proto__", 404],
    ["GET", "/api/mcp_servers/constructor", 404],
    ["GET", "/api/mcp_servers/../../etc/passwd", 404],
    ["GET", "/api/mcp_servers/%2e%2e%2f%2e%2e", 404],
    ["GET", "/api/mcp_servers/%zz", 404],
    ["GET", "/constructor", 404],
    ["GET", "/__proto__", 404],
    ["GET", "//evil.example/mcp", 404],
    ["GET", "http://evil.example/api/system", 404],
    ["POST", "/api/mcp_servers", 400],
    ["PUT", "/api/mcp_servers", 405],
    // What the configuration has defined is not removed from outside.
    ["DELETE", "/api/mcp_servers/piped", 409],
    ["DELETE", "/api/mcp_servers/__proto__", 404],
    ["POST", "/api/mcp_servers/piped/start?server=other", 400],
    ["POST", "/api/mcp_servers/piped%2Fstart", 405],
    ["POST", "/api/mcp_servers//start", 404],
    ["GET", "/api/mcp_servers?__proto__=1", 400],
    ["GET", "/api/mcp_servers?state=%00", 400],
    ["GET", `/api/mcp_servers/${"x".repeat(300)}`, 400],
    ["GET", "/api/continuations/..%2F..%2Fetc%2Fpasswd", 404],
    ["PUT", "/health/live", 405],
    ["PATCH", "/mcp", 405],
    ["GET", `/api/${"x".repeat(8_000)}`, 404],
    ["GET", `/api/${"x".repeat(40_000)}`, 431],
  ])("%s %s is answered with %i", async (method, path, status) => {
    using connection = await rawConnection(gateway.url);
    const { host } = new URL(gateway.url);
    connection.write(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    const answer = await connection.response();
    expect(answer.status).toBe(status);
    expect(answer.body).not.toMatch(/root:|\bat .*\.ts:\d+/);
  });

  test("REST is refused to a foreign Host and a foreign Origin", async () => {
    for (const headers of [{ host: "evil.example" }, { origin: "https://evil.example" }]) {
      using connection = await rawConnection(gateway.url);
      connection.write(
        Buffer.from(postBytes(`${gateway.url}/api/mcp_servers`, "", headers))
          .toString()
          .replace("POST", "GET"),
      );
      expect((await connection.response()).status).toBe(403);
    }
  });

  test("REST lists the servers without their secrets", async () => {
    const response = await fetch(`${gateway.url}/api/mcp_servers`);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      mcp_servers: expect.arrayContaining([expect.objectContaining({ id: "piped" })]),
    });
    expect(text).not.toContain("x-configured");
  });
});
