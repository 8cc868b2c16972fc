import { freePort, poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { rest } from "../../src/harness/reloading.ts";
import { callUnderWay } from "../../src/harness/under-way.ts";
import { type HttpUpstream, startFixture } from "../../src/harness/upstreams.ts";
import { type LegacySession, modernRequest, openLegacySession } from "../../src/harness/wire-client.ts";
import { type Act, HTTP_FIXTURE, LASTS_MS, NOBODY, ROWS, type Row } from "./rows.ts";

let http: HttpUpstream;
let gateway: HttpGateway;
let session: LegacySession;

beforeAll(async () => {
  http = await startFixture("misbehaving/http.ts");
  const endpoints = new Map([
    [HTTP_FIXTURE, http.url],
    [NOBODY, `http://127.0.0.1:${await freePort()}/mcp`],
  ]);
  const servers = ROWS.map((row) => {
    const endpoint = endpoints.get(String(row.server.endpoint));
    return [idOf(row), { ...row.server, ...(endpoint !== undefined && { endpoint }) }];
  });
  gateway = await startGateway({ mcp_servers: Object.fromEntries(servers) });
  session = await openLegacySession(gateway.mcpUrl());
  // A call that waits for a start would count the time of that, and run out of its own.
  for (const row of ROWS.filter(({ counted }) => counted.toolLabel === undefined)) {
    expect((await rest(gateway, "POST", `/api/mcp_servers/${idOf(row)}/start`)).status).toBe(200);
  }
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await http?.[Symbol.asyncDispose]();
});

describe("a call is counted exactly once, with its status and its real duration:", () => {
  test.concurrent.each(ROWS)("$name", async (row) => {
    const id = idOf(row);
    const began = performance.now();
    await ACTS[row.act ?? "wait"](row);
    await poll("the call to be counted", async () => (await callsOf(id)) > 0);
    const lastedSeconds = (performance.now() - began) / 1_000;
    const page = await gateway.metrics();
    const counted = (name: string): object[] =>
      page
        .select(name, { mcp_server: id })
        .filter(({ value }) => value > 0)
        .map(({ labels: { mcp_server: _server, ...labels }, value }) => ({ ...labels, value }));
    const { status, errorType, rejection, atLeastSeconds, toolLabel: tool = row.tool } = row.counted;
    expect(counted("mcp_hangar_tool_calls_total")).toEqual([{ tool, status, value: 1 }]);
    expect(counted("mcp_hangar_tool_call_errors_total")).toEqual(
      errorType === undefined ? [] : [{ tool, error_type: errorType, value: 1 }],
    );
    expect(counted("mcp_hangar_tool_call_rejections_total")).toEqual(
      rejection === undefined ? [] : [{ reason: rejection, value: 1 }],
    );
    expect(counted("mcp_hangar_tool_call_duration_seconds_count")).toEqual(
      atLeastSeconds === undefined ? [] : [{ tool, value: 1 }],
    );
    const observed = page.sum("mcp_hangar_tool_call_duration_seconds_sum", { mcp_server: id });
    expect(observed).toBeGreaterThanOrEqual(atLeastSeconds ?? 0);
    // No longer than the caller saw it last; nothing where it is not observed.
    expect(observed).toBeLessThan(atLeastSeconds === undefined ? Number.MIN_VALUE : lastedSeconds);
  });

  test("a server that is not configured, under _other", async () => {
    const { message } = await session.request("tools/call", { name: "nowhere__tool", arguments: {} });
    expect(message.error).toMatchObject({ code: -32_602, message: expect.stringContaining("nowhere") });
    const page = await gateway.metrics();
    const other = { mcp_server: "_other" };
    expect(page.sum("mcp_hangar_tool_calls_total", { ...other, tool: "_other", status: "rejected" })).toBe(1);
    expect(page.sum("mcp_hangar_tool_call_rejections_total", { ...other, reason: "unknown_tool" })).toBe(1);
    expect(page.text).not.toContain("nowhere");
  });
});

/** Makes the call of a row and ends it in the row's way. */
const ACTS: Readonly<Record<Act, (row: Row) => Promise<void>>> = {
  async wait(row) {
    await session.request("tools/call", paramsOf(row));
  },

  async cancel(row) {
    const requestId = `to-cancel-${idOf(row)}`;
    await hangUpAfter(
      (signal) => session.request("tools/call", paramsOf(row), { id: requestId, signal }),
      async () => {
        await runningUpstream(row);
        await session.notify("notifications/cancelled", { requestId, reason: "the test changed its mind" });
        await poll("the end of the call", async () => (await callsOf(idOf(row))) > 0);
      },
    );
  },

  async "modern client hangs up"(row) {
    const params = { name: row.tool, arguments: row.args };
    await hangUpAfter(
      (signal) => modernRequest(gateway.mcpUrl(idOf(row)), "tools/call", params, { signal }),
      () => runningUpstream(row),
    );
  },

  async "legacy client hangs up"(row) {
    await hangUpAfter(
      (signal) => session.request("tools/call", paramsOf(row), { signal }),
      () => runningUpstream(row),
    );
  },
};

async function hangUpAfter(call: (signal: AbortSignal) => Promise<unknown>, until: () => Promise<void>): Promise<void> {
  const hangUp = new AbortController();
  const pending = call(hangUp.signal).catch(() => {});
  await until();
  hangUp.abort();
  await pending;
}

/** Waits until the call of a row is under way, and lets it last for a time that can be told from nothing. */
async function runningUpstream(row: Row): Promise<void> {
  await callUnderWay(gateway, idOf(row));
  await new Promise((resolve) => setTimeout(resolve, LASTS_MS));
}

async function callsOf(id: string): Promise<number> {
  return (await gateway.metrics()).sum("mcp_hangar_tool_calls_total", { mcp_server: id });
}

function paramsOf(row: Row): { name: string; arguments: object } {
  return { name: `${idOf(row)}__${row.tool}`, arguments: row.args ?? {} };
}

function idOf(row: Row): string {
  return `row${ROWS.indexOf(row)}`;
}
