import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Exit, type HangarProcess, killProcesses, type LogEvent, poll, startHangar } from "@mcp-hangar/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "hangar-shutdown-"));
const config = join(folder, "config.yaml");
const SLOW = fileURLToPath(new URL("slow-server.ts", import.meta.url));
writeFileSync(
  config,
  JSON.stringify({
    mcp_servers: {
      slow: { mode: "subprocess", command: [process.execPath, "--disable-warning=ExperimentalWarning", SLOW] },
    },
    http: { port: 0, shutdown_timeout_s: 0.3 },
    management: { tools: { allow: ["*"] } },
    logging: { level: "debug" },
  }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const SLEEP = { name: "sleep", arguments: { ms: 600_000 } };
const BATCH = { calls: [{ server: "slow", tool: "sleep", arguments: { ms: 600_000 } }], timeout: 300 };
const SHUTTING_DOWN = {
  message: expect.stringContaining("shutting down"),
  data: { error_type: "connection", retryable: true, retry_after_ms: 1_000 },
};

/** What a client got: the status, and the last message of an event stream or the one document. */
interface Got {
  readonly status: number;
  readonly text: string;
  readonly last: { readonly result?: unknown; readonly error?: unknown; readonly id?: unknown };
}

async function ask(url: string, init: RequestInit): Promise<Got> {
  const response = await fetch(url, init);
  const text = await response.text();
  const data = text.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []));
  const json = data.at(-1) ?? text;
  return { status: response.status, text, last: json.startsWith("{") ? (JSON.parse(json) as Got["last"]) : {} };
}

function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
  const accept = "application/json, text/event-stream";
  return ask(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept, ...headers },
    body: JSON.stringify(body),
  });
}

function modern(url: string, method: string, params: Readonly<Record<string, unknown>>): Promise<Got> {
  const { _meta, ...rest } = params;
  const name = typeof params.name === "string" ? { "mcp-name": params.name } : {};
  const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": method, ...name };
  const all = { ...rest, _meta: { ...META, ...(_meta as object | undefined) } };
  return post(url, { jsonrpc: "2.0", id: 7, method, params: all }, headers);
}

/** Asks to send a body, and does not when it may. */
function bodyless(url: string): Promise<Got> {
  const headers = { "content-type": "application/json", "content-length": 10, expect: "100-continue" };
  const outgoing = request(url, { method: "POST", headers });
  outgoing.flushHeaders();
  return new Promise((resolve, reject) => {
    outgoing.once("error", reject).once("response", (response) => {
      resolve({ status: response.statusCode ?? 0, text: "", last: {} });
      outgoing.destroy();
    });
  });
}

describe("what still runs when the time for a shutdown is over", () => {
  const got: Record<string, Promise<Got>> = {};
  let exit: Exit;
  let finished: readonly LogEvent[];

  beforeAll(async () => {
    const hangar = await startHangar(["serve", "--http", "--config", config]);
    const url = String((await hangar.event("http_listening")).url);
    const one = `${url}/servers/slow/mcp`;
    const initialize = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } };
    const opened = await fetch(one, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: initialize }),
    });
    await opened.text();
    const session = { "mcp-session-id": opened.headers.get("mcp-session-id") ?? "" };
    const legacy = (id: number, params: object): Promise<Got> =>
      post(one, { jsonrpc: "2.0", id, method: "tools/call", params }, session);
    const progress = { ...SLEEP, _meta: { progressToken: "t" } };
    got["a modern call"] = modern(one, "tools/call", SLEEP);
    got["a modern call whose stream has begun"] = modern(one, "tools/call", progress);
    got["a legacy call"] = legacy(7, SLEEP);
    got["a legacy call whose stream has begun"] = legacy(8, progress);
    got["a batch over MCP"] = modern(`${url}/mcp`, "tools/call", { name: "hangar_call", arguments: BATCH });
    got["a batch over REST"] = post(`${url}/api/batch`, BATCH);
    got["a modern subscription"] = modern(one, "subscriptions/listen", { notifications: { toolsListChanged: true } });
    got["the stream of a session"] = ask(one, { headers: { accept: "text/event-stream", ...session } });
    got["the stream of events"] = ask(`${url}/api/events`, {});
    got["a request over MCP whose body does not come"] = bodyless(one);
    got["a change over REST whose body does not come"] = bodyless(`${url}/api/batch`);
    await poll("six calls at work", () => hangar.events("mcp_server_log").length === 6);
    hangar.kill("SIGTERM");
    exit = await hangar.exited;
    finished = ["request_finished", "operation_finished"].flatMap((event) => hangar.events(event));
  });
  afterAll(killProcesses);

  it.each([
    "a modern call",
    "a modern call whose stream has begun",
    "a legacy call",
    "a legacy call whose stream has begun",
    "a batch over MCP",
  ])("%s is answered with an error after which it may be sent again", async (kind) => {
    const { status, last } = await (got[kind] as Promise<Got>);
    expect(status).toBe(200);
    expect(last).toMatchObject({ jsonrpc: "2.0", id: expect.any(Number), error: SHUTTING_DOWN });
  });

  it("a batch over REST gets 503", async () => {
    const { status, last } = await (got["a batch over REST"] as Promise<Got>);
    expect({ status, error: last.error }).toMatchObject({ status: 503, error: { code: "shutting_down" } });
  });

  it.each([
    ["a request over MCP whose body does not come", "request_finished", { method: "_other" }],
    ["a change over REST whose body does not come", "operation_finished", { operation: "runBatch" }],
  ])("%s gets 503, and is told of once", async (kind, event, about) => {
    expect((await (got[kind] as Promise<Got>)).status).toBe(503);
    const told = finished.filter(
      (line) => line.event === event && [line.outcome, line.error_type].includes("connection"),
    );
    expect(told).toMatchObject([about]);
  });

  it("a modern subscription ends with its result, other streams just end, and the gateway with 0", async () => {
    const { last } = await (got["a modern subscription"] as Promise<Got>);
    expect(last).toMatchObject({ id: 7, result: { resultType: "complete" } });
    expect(await got["the stream of a session"]).toMatchObject({ status: 200 });
    expect(await got["the stream of events"]).toMatchObject({ status: 200 });
    expect(exit).toEqual({ code: 0, signal: null });
  });
});

describe("a gateway over stdio with a call that does not end", () => {
  afterEach(killProcesses);

  async function withCall(): Promise<HangarProcess> {
    const hangar = await startHangar(["serve", "--config", config]);
    const params = { ...SLEEP, name: "slow__sleep", _meta: META };
    hangar.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params })}\n`);
    await hangar.event("mcp_server_log");
    return hangar;
  }

  it("answers it with an error when it is asked to end", async () => {
    const hangar = await withCall();
    hangar.kill("SIGTERM");
    expect(await hangar.exited).toEqual({ code: 0, signal: null });
    expect(JSON.parse(hangar.stdout())).toMatchObject({ id: 7, error: SHUTTING_DOWN });
  });

  it.each([
    ["closed its end", (hangar: HangarProcess) => hangar.stdin.end()],
    [
      "is gone, so that nothing can be written",
      (hangar: HangarProcess) => {
        hangar.closeStdout();
        hangar.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 8, method: "nothing" })}\n`);
      },
    ],
    [
      "was killed",
      (hangar: HangarProcess) => {
        hangar.stdin.destroy();
        hangar.closeStdout();
      },
    ],
  ])("cancels it and ends when the client %s", async (_how, leave) => {
    const hangar = await withCall();
    leave(hangar);
    expect(await hangar.exited).toEqual({ code: 0, signal: null });
    expect(hangar.events("tool_cancelled")).toHaveLength(1);
    expect(hangar.events("shutdown_timed_out")).toEqual([]);
  });
});
