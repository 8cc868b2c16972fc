import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  awaitLogEvent,
  COMPILE_CACHE,
  type HangarProcess,
  hangarArguments,
  killProcesses,
  runHangar,
  startHangar,
  startProcess,
} from "@mcp-hangar/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "hangar-serve-"));
const SLOW = fileURLToPath(new URL("slow-server.ts", import.meta.url));
let files = 0;

afterEach(killProcesses);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function config(sections: Readonly<Record<string, unknown>> = {}): string {
  const file = join(folder, `config-${files++}.yaml`);
  const servers = {
    slow: {
      mode: "subprocess",
      command: [process.execPath, "--disable-warning=ExperimentalWarning", SLOW],
      env: COMPILE_CACHE,
    },
  };
  writeFileSync(file, JSON.stringify({ mcp_servers: servers, logging: { level: "debug" }, ...sections }));
  return file;
}

async function serveHttp(
  sections: Readonly<Record<string, unknown>> = {},
): Promise<{ hangar: HangarProcess; url: string }> {
  const hangar = await startHangar(["serve", "--http", "--port", "0", "--config", config(sections)]);
  const { url } = await hangar.event("http_listening");
  return { hangar, url: String(url) };
}

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

interface Answer {
  readonly status: number;
  readonly body: {
    readonly result?: { readonly content: readonly { readonly text: string }[] };
    readonly error?: { readonly message: string };
  };
}

/** One call in the modern era, which needs no session. */
async function call(url: string, tool: string, args: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
  const response = await fetch(`${url}/servers/slow/mcp`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": tool,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: tool, arguments: args, _meta: META },
    }),
  });
  // The gateway answers a call without notifications as one JSON document.
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

/** Starts a call and resolves when the server is working on it. */
async function callInFlight(
  hangar: HangarProcess,
  url: string,
  ms: number,
): Promise<{ readonly answer: Promise<Answer> }> {
  const answer = call(url, "sleep", { ms });
  answer.catch(() => {});
  await hangar.event("mcp_server_log");
  return { answer };
}

describe("serving HTTP", () => {
  it("answers calls, probes, REST and metrics, and logs each call once", async () => {
    const { hangar, url } = await serveHttp();
    expect((await call(url, "echo", { a: 1 })).body.result?.content).toEqual([{ type: "text", text: '{"a":1}' }]);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect(await (await fetch(`${url}/api/mcp_servers`)).json()).toMatchObject({
      mcp_servers: [{ id: "slow", state: "ready", tool_count: 3 }],
    });
    expect(await (await fetch(`${url}/api/mcp_servers/slow`)).json()).toMatchObject({
      id: "slow",
      tools: ["echo", "fail", "sleep"],
    });
    expect((await fetch(`${url}/api/mcp_servers/none`)).status).toBe(404);
    expect(await (await fetch(`${url}/api/system`)).json()).toMatchObject({
      name: "mcp-hangar",
      mcp_servers: { total: 1, ready: 1 },
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('mcp_hangar_tool_calls_total{mcp_server="slow",tool="echo",status="success"} 1');
    expect(metrics).toMatch(/mcp_hangar_telemetry_events_total\{exporter="log",signal="log"\} \d+/);
    hangar.kill("SIGTERM");
    expect(await hangar.exited).toEqual({ code: 0, signal: null });
    expect(hangar.events("tool_invoked")).toMatchObject([
      { mcp_server: "slow", tool: "echo", status: "success", caller: "anonymous", cold_start: true },
    ]);
    expect(hangar.stdout()).toBe("");
  });

  it("has the metrics on a port of their own when one is configured, with the probes, without the traffic", async () => {
    const { hangar, url } = await serveHttp({ observability: { metrics: { port: 0 } } });
    const { url: metricsUrl } = await hangar.event("metrics_listening");
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect(await (await fetch(String(metricsUrl))).text()).toContain("mcp_hangar_build_info");
    expect((await fetch(new URL("/health/live", String(metricsUrl)))).status).toBe(200);
    expect((await fetch(new URL("/mcp", String(metricsUrl)), { method: "POST" })).status).toBe(404);
  });

  it("has no metrics when they are switched off", async () => {
    const { url } = await serveHttp({ observability: { metrics: { enabled: false } } });
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  it("writes the log to the configured file too", async () => {
    const file = join(folder, "hangar.log");
    const { hangar } = await serveHttp({ logging: { level: "info", file } });
    hangar.kill("SIGTERM");
    await hangar.exited;
    expect(readFileSync(file, "utf8")).toBe(hangar.stderr());
  });
});

it("answers probes and calls with few descriptors and more clients that stay than those are for", async () => {
  const few = ["-c", 'ulimit -n 128; exec "$0" "$@"', process.execPath];
  const args = [...few, ...hangarArguments("serve", "--http", "--port", "0", "--config", config())];
  const process_ = await startProcess({ command: "sh", args });
  const { url } = await awaitLogEvent(process_, "http_listening");
  const { port } = new URL(String(url));
  const idle = Array.from({ length: 200 }, () => connect(Number(port), "127.0.0.1").on("error", () => {}));
  try {
    await Promise.all(idle.map((socket) => once(socket, "connect").catch(() => {})));
    for (let probe = 0; probe < 20; probe++) {
      expect((await fetch(`${String(url)}/health/live`, { headers: { connection: "close" } })).status).toBe(200);
    }
    expect((await call(String(url), "echo")).body).toHaveProperty("result");
  } finally {
    for (const socket of idle) socket.destroy();
  }
});

describe("shutting down", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "on %s lets the call in flight finish, then stops the server and exits with 0",
    async (signal) => {
      const { hangar, url } = await serveHttp();
      const { answer } = await callInFlight(hangar, url, 700);
      hangar.kill(signal);
      await hangar.event("shutdown_started");
      await expect(fetch(`${url}/health/live`)).rejects.toThrow();
      expect((await answer).body.result?.content).toEqual([{ type: "text", text: '{"ms":700}' }]);
      expect(await hangar.exited).toEqual({ code: 0, signal: null });
      expect(hangar.events("mcp_server_stopped")).toMatchObject([{ reason: "shutdown" }]);
      expect(hangar.events("shutdown_timed_out")).toEqual([]);
    },
  );

  it("gives a call that does not end only the configured time", async () => {
    const { hangar, url } = await serveHttp({ http: { shutdown_timeout_s: 0.3 } });
    const { answer } = await callInFlight(hangar, url, 60_000);
    hangar.kill("SIGTERM");
    expect(await hangar.exited).toEqual({ code: 0, signal: null });
    expect(hangar.events("shutdown_timed_out")).toMatchObject([{ calls_in_flight: 1 }]);
    expect((await answer).body.error).toMatchObject({ data: { error_type: "connection", retryable: true } });
  });

  it("takes two signals in quick succession for one wish, and a later one for impatience", async () => {
    const { hangar, url } = await serveHttp();
    await callInFlight(hangar, url, 60_000);
    hangar.kill("SIGINT");
    hangar.kill("SIGTERM");
    await hangar.event("shutdown_started");
    const again = setInterval(() => hangar.kill("SIGINT"), 100);
    expect(await hangar.exited).toEqual({ code: 1, signal: null });
    clearInterval(again);
    expect(hangar.events("shutdown_forced")).toHaveLength(1);
  });
});

describe("refusing to start", () => {
  it("on a bind beyond loopback without authentication, unless told to", async () => {
    const args = ["serve", "--http", "--host", "0.0.0.0", "--port", "0", "--config", config()];
    const refused = await runHangar(args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/refusing to listen on 0\.0\.0\.0: .*--unsafe-no-auth/);
    const hangar = await startHangar([...args, "--unsafe-no-auth"]);
    expect(await hangar.event("http_listening")).toMatchObject({ host: "0.0.0.0" });
    expect(hangar.events("unauthenticated_bind")).toMatchObject([{ level: "warning" }]);
  });

  it("on a port that is taken", async () => {
    const { url } = await serveHttp();
    const { code, stderr } = await runHangar(["serve", "--http", "--port", new URL(url).port, "--config", config()]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the port is taken; .*--port/);
  });

  it("with a log file that cannot be opened, options that do not fit, and no configuration", async () => {
    const noFile = await runHangar(["serve", "--config", config({ logging: { file: "/none/x.log" } })]);
    expect(noFile).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("logging.file: /none/x.log cannot be opened"),
    });
    const noHttp = await runHangar(["serve", "--port", "1", "--config", config()]);
    expect(noHttp).toMatchObject({ code: 1, stderr: expect.stringContaining("add --http") });
    const noConfig = await runHangar(["serve"], { MCP_CONFIG: join(folder, "none.yaml") });
    expect(noConfig).toMatchObject({ code: 1, stderr: expect.stringContaining("the file does not exist") });
  });
});

describe("serving stdio", () => {
  it("speaks MCP on stdout only, and ends with its client", async () => {
    const hangar = await startHangar(["serve", "--config", config()]);
    const request = {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } },
    };
    hangar.stdin.end(`${JSON.stringify(request)}\n`);
    expect(await hangar.exited).toEqual({ code: 0, signal: null });
    const lines = hangar
      .stdout()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([{ jsonrpc: "2.0", id: 1, result: { serverInfo: { name: "mcp-hangar" } } }]);
    expect(hangar.events("shutdown_started")).toMatchObject([{ cause: "the client closed its end" }]);
  });

  it("ends in an orderly way when the client is gone in the middle of a call", async () => {
    const hangar = await startHangar(["serve", "--config", config()]);
    const call = { name: "slow__sleep", arguments: { ms: 300 }, _meta: META };
    hangar.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: call })}\n`);
    await hangar.event("mcp_server_log");
    hangar.closeStdout();
    expect(await hangar.exited).toEqual({ code: 0, signal: null });
    expect(hangar.events("fatal_error")).toEqual([]);
    expect(hangar.events("shutdown_started")).toMatchObject([{ cause: expect.stringContaining("the client is gone") }]);
  });

  it("is what MCP_MODE decides when no option does", async () => {
    const hangar = await startHangar(["serve", "--config", config()], { MCP_MODE: "http", MCP_HTTP_PORT: "0" });
    expect(await hangar.event("http_listening")).toMatchObject({ host: "127.0.0.1" });
  });
});
