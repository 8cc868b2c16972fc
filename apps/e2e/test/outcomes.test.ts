import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { poll } from "../src/harness/poll.ts";
import { freePort, type HttpUpstream, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { type LegacySession, modernRequest, openLegacySession } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");

/** How one call is made and how it has to be counted. Each row has a server of its own, so that counts stand alone. */
interface Outcome {
  readonly name: string;
  readonly server: Readonly<Record<string, unknown>>;
  readonly tool: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Makes the call; by default a plain call of `tool` in a legacy session. */
  readonly act?: (row: Outcome, id: string) => Promise<unknown>;
  readonly status: "success" | "error" | "timeout" | "rejected" | "cancelled";
  readonly errorType?: string;
  readonly rejection?: string;
  /** Duration that the histogram has to show, in seconds. */
  readonly seconds?: readonly [atLeast: number, below: number];
  /** The label `tool`, where it differs from the tool called. */
  readonly toolLabel?: string;
}

let http: HttpUpstream;
let gateway: HttpGateway;
let session: LegacySession;

/** Long enough to tell a real duration from a constant 0, short enough to wait for. */
const SLEEP = { ms: 400 };
const SLEPT = [0.35, 3] as const;
const PROMPT = [0.0001, 5] as const;

const stdio = { ...nodeServer(STDIO), call_timeout_s: 20 };
const stdioImpatient = { ...nodeServer(STDIO), call_timeout_s: 1 };
const overHttp = { mode: "remote", endpoint: "filled in when the fixture listens", call_timeout_s: 20 };
const overHttpImpatient = { ...overHttp, call_timeout_s: 1 };
const refusing = { ...nodeServer(STDIO, "--refuse"), start_timeout_s: 10 };
const missing = { mode: "subprocess", command: "/no/such/program", args: [] };
const mute = { ...nodeServer(STDIO, "--mute"), start_timeout_s: 1 };

const ROWS: readonly Outcome[] = [
  { name: "a result", server: stdio, tool: "ok", status: "success", seconds: PROMPT },
  { name: "a slow result", server: stdio, tool: "sleep", args: SLEEP, status: "success", seconds: SLEPT },
  { name: "a slow result over HTTP", server: overHttp, tool: "sleep", args: SLEEP, status: "success", seconds: SLEPT },
  { name: "isError", server: stdio, tool: "is_error", status: "error", errorType: "tool_error", seconds: PROMPT },
  {
    name: "isError, late",
    server: stdio,
    tool: "slow_is_error",
    args: SLEEP,
    status: "error",
    errorType: "tool_error",
    seconds: SLEPT,
  },
  {
    name: "isError over HTTP",
    server: overHttp,
    tool: "slow_is_error",
    args: SLEEP,
    status: "error",
    errorType: "tool_error",
    seconds: SLEPT,
  },
  {
    name: "a JSON-RPC error",
    server: stdio,
    tool: "rpc_error",
    status: "error",
    errorType: "upstream_error",
    seconds: PROMPT,
  },
  {
    name: "a JSON-RPC error over HTTP",
    server: overHttp,
    tool: "rpc_error",
    status: "error",
    errorType: "upstream_error",
    seconds: PROMPT,
  },
  {
    name: "no answer in time",
    server: stdioImpatient,
    tool: "silence",
    status: "timeout",
    errorType: "timeout",
    seconds: [0.9, 3],
  },
  {
    name: "no answer in time over HTTP",
    server: overHttpImpatient,
    tool: "silence",
    status: "timeout",
    errorType: "timeout",
    seconds: [0.9, 3],
  },
  {
    name: "an answer too late",
    server: stdioImpatient,
    tool: "sleep",
    args: { ms: 1300 },
    status: "timeout",
    errorType: "timeout",
    seconds: [0.9, 3],
  },
  {
    name: "a crash in mid call",
    server: stdio,
    tool: "crash",
    status: "error",
    errorType: "connection",
    seconds: PROMPT,
  },
  {
    name: "a connection reset in mid call",
    server: overHttp,
    tool: "crash",
    status: "error",
    errorType: "connection",
    seconds: PROMPT,
  },
  {
    name: "an answer that is no response",
    server: overHttp,
    tool: "garbage",
    status: "error",
    errorType: "protocol",
    seconds: PROMPT,
  },
  {
    name: "a start that ends at once",
    server: refusing,
    tool: "ok",
    status: "error",
    errorType: "start_failed",
    seconds: PROMPT,
    toolLabel: "_other",
  },
  {
    name: "a program that is not there",
    server: missing,
    tool: "ok",
    status: "error",
    errorType: "start_failed",
    seconds: [0, 5],
    toolLabel: "_other",
  },
  {
    name: "a server that never answers its handshake",
    server: mute,
    tool: "ok",
    status: "error",
    errorType: "start_failed",
    seconds: [0.9, 8],
    toolLabel: "_other",
  },
  {
    name: "a remote server that is not there",
    server: { mode: "remote", endpoint: "nobody listens" },
    tool: "ok",
    status: "error",
    errorType: "start_failed",
    seconds: [0, 5],
    toolLabel: "_other",
  },
  {
    name: "an unknown tool",
    server: stdio,
    tool: "no_such_tool",
    status: "rejected",
    rejection: "unknown_tool",
    toolLabel: "_other",
  },
  {
    name: "a call that the client cancels",
    server: stdio,
    tool: "sleep",
    args: { ms: 5000 },
    act: callAndCancel,
    status: "cancelled",
    seconds: [0.2, 3],
  },
  {
    name: "a modern client that disconnects",
    server: stdio,
    tool: "sleep",
    args: { ms: 5000 },
    act: callAndHangUp,
    status: "cancelled",
    seconds: [0.2, 3],
  },
  {
    name: "a modern client that disconnects, over HTTP",
    server: overHttp,
    tool: "sleep",
    args: { ms: 5000 },
    act: callAndHangUp,
    status: "cancelled",
    seconds: [0.2, 3],
  },
  {
    name: "a legacy client that disconnects, which is no cancellation",
    server: stdio,
    tool: "sleep",
    args: SLEEP,
    act: legacyCallAndHangUp,
    status: "success",
    seconds: SLEPT,
  },
];

const IDS = new Map(ROWS.map((row, index) => [row, `row${index}`]));

beforeAll(async () => {
  http = await startFixture("misbehaving/http.ts");
  const unused = `http://127.0.0.1:${await freePort()}/mcp`;
  const servers = [...IDS].map(([{ server }, id]) => {
    const endpoint = server === overHttp || server === overHttpImpatient ? http.url : unused;
    return [id, server.mode === "remote" ? { ...server, endpoint } : server] as const;
  });
  gateway = await startGateway({ mcp_servers: Object.fromEntries(servers) });
  session = await openLegacySession(gateway.mcpUrl());
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await http?.[Symbol.asyncDispose]();
});

describe("every call is counted exactly once, with its real duration", () => {
  test.concurrent.each(ROWS)("$name", { timeout: 30_000 }, async (row) => {
    const id = String(IDS.get(row));
    await (row.act ?? plainCall)(row, id);
    const page = await poll("the call to be counted", async () => {
      const metrics = await gateway.metrics();
      return metrics.sum("mcp_hangar_tool_calls_total", { mcp_server: id }) > 0 && metrics;
    });
    const counted = (name: string): object[] =>
      page
        .select(name, { mcp_server: id })
        .filter(({ value }) => value > 0)
        .map(({ labels: { mcp_server: _server, ...labels }, value }) => ({ ...labels, value }));
    const tool = row.toolLabel ?? row.tool;
    expect(counted("mcp_hangar_tool_calls_total")).toEqual([{ tool, status: row.status, value: 1 }]);
    expect(counted("mcp_hangar_tool_call_errors_total")).toEqual(
      row.errorType === undefined ? [] : [{ tool, error_type: row.errorType, value: 1 }],
    );
    expect(counted("mcp_hangar_tool_call_rejections_total")).toEqual(
      row.rejection === undefined ? [] : [{ reason: row.rejection, value: 1 }],
    );
    expect(counted("mcp_hangar_tool_call_duration_seconds_count")).toEqual(
      row.seconds === undefined ? [] : [{ tool, value: 1 }],
    );
    const seconds = page.sum("mcp_hangar_tool_call_duration_seconds_sum", { mcp_server: id });
    const [atLeast, below] = row.seconds ?? [0, Number.MIN_VALUE];
    expect(seconds).toBeGreaterThanOrEqual(atLeast);
    expect(seconds).toBeLessThan(below);
  });

  test("a server that is not configured is counted once, under _other", async () => {
    const answer = await session.request("tools/call", { name: "nowhere__tool", arguments: {} });
    expect(answer.message.error).toMatchObject({ code: -32_602, message: expect.stringContaining("nowhere__tool") });
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_tool_calls_total", { mcp_server: "_other", tool: "_other", status: "rejected" })).toBe(
      1,
    );
    expect(page.sum("mcp_hangar_tool_call_rejections_total", { mcp_server: "_other", reason: "unknown_tool" })).toBe(1);
    expect(page.text).not.toContain("nowhere");
  });
});

async function plainCall({ tool, args }: Outcome, id: string): Promise<void> {
  await session.request("tools/call", { name: `${id}__${tool}`, arguments: args ?? {} });
}

/** A legacy client cancels with a notification; the request then gets no answer that matters. */
async function callAndCancel({ tool, args }: Outcome, id: string): Promise<void> {
  const hangUp = new AbortController();
  const requestId = `to-cancel-${id}`;
  const options = { id: requestId, signal: hangUp.signal };
  const call = session.request("tools/call", { name: `${id}__${tool}`, arguments: args }, options).catch(() => {});
  await sentUpstream(id);
  await session.notify("notifications/cancelled", { requestId, reason: "the test changed its mind" });
  await poll("the cancellation", async () => (await finished(id)) > 0);
  hangUp.abort();
  await call;
}

async function callAndHangUp({ tool, args = {} }: Outcome, id: string): Promise<void> {
  const hangUp = new AbortController();
  const options = { signal: hangUp.signal };
  const call = modernRequest(gateway.mcpUrl(id), "tools/call", { name: tool, arguments: args }, options).catch(
    () => {},
  );
  await sentUpstream(id);
  hangUp.abort();
  await call;
}

async function legacyCallAndHangUp({ tool, args }: Outcome, id: string): Promise<void> {
  const hangUp = new AbortController();
  const options = { signal: hangUp.signal };
  const call = session.request("tools/call", { name: `${id}__${tool}`, arguments: args }, options).catch(() => {});
  await sentUpstream(id);
  hangUp.abort();
  await call;
}

/** Waits until the server is ready and a further request has gone out to it, and lets it run a while. */
async function sentUpstream(id: string): Promise<void> {
  await poll("the server to be ready", async () => {
    const page = await gateway.metrics();
    return page.sum("mcp_hangar_mcp_server_state", { mcp_server: id }) === 2;
  });
  await new Promise((resolve) => setTimeout(resolve, 250));
}

async function finished(id: string): Promise<number> {
  return (await gateway.metrics()).sum("mcp_hangar_tool_calls_total", { mcp_server: id });
}
