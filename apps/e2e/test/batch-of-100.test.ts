import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import type { MetricsPage } from "../src/harness/metrics-page.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { type LegacySession, openLegacySession } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const WARM = ["warm0", "warm1", "warm2", "warm3", "warm4", "warm5", "warm6"];
const SERVERS = [...WARM, "cold", "hanging", "crashing"];
/** Of the batch: long enough for a cold start on a busy machine. */
const TIMEOUT_S = 8;
/** Of each call: the batch ends so much earlier that no machine takes the one for the other. */
const CALL_TIMEOUT_S = 100;
const TOOL_OF: Readonly<Record<string, string>> = { hanging: "silence", crashing: "crash" };
/** Calls of each of the two bad servers. */
const BAD = 3;

interface Report {
  readonly total: number;
  readonly succeeded: number;
  readonly cancellation: string | null;
  readonly results: readonly { readonly success: boolean; readonly error_type: string | null }[];
}

let gateway: HttpGateway;
let session: LegacySession;

beforeAll(async () => {
  const server = { ...nodeServer(fixtureFile("misbehaving/stdio.ts")), call_timeout_s: CALL_TIMEOUT_S };
  gateway = await startGateway({ mcp_servers: Object.fromEntries(SERVERS.map((id) => [id, server])) });
  session = await openLegacySession(gateway.mcpUrl());
  const warm = SERVERS.filter((id) => id !== "cold");
  await Promise.all(warm.map((id) => session.request("tools/call", { name: `${id}__ok`, arguments: {} })));
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
});

test("a batch of 100 over ten servers, one hanging, one crashing and one cold, ends in time and is counted exactly", async () => {
  const before = await gateway.metrics();
  expect(before.sum("mcp_hangar_mcp_server_initialized", { mcp_server: "cold" })).toBe(0);
  const bad = Object.entries(TOOL_OF).flatMap(([server, tool]) =>
    Array.from({ length: BAD }, () => ({ server, tool })),
  );
  const good = Array.from({ length: 100 - bad.length }, (_, index) => ({
    server: [...WARM, "cold"][index % 8],
    tool: "ok",
  }));
  const startedMs = performance.now();
  const { message } = await session.request("tools/call", {
    name: "hangar_call",
    arguments: { calls: [...bad, ...good], timeout: TIMEOUT_S },
  });
  const tookMs = performance.now() - startedMs;

  // The fixture's answers are plain data of the declared shape.
  const report = message.result?.structuredContent as unknown as Report;
  expect(tookMs).toBeGreaterThan(TIMEOUT_S * 1_000 - 50);
  expect(tookMs).toBeLessThan(CALL_TIMEOUT_S * 1_000);
  expect(report).toMatchObject({ total: 100, succeeded: 94, cancellation: "timeout" });
  const types = report.results.map(({ error_type }) => error_type);
  expect(types.slice(0, BAD)).toEqual(Array.from({ length: BAD }, () => "timeout"));
  for (const type of types.slice(BAD, 2 * BAD)) expect(["connection", "start_failed"]).toContain(type);
  expect(types.slice(2 * BAD)).toEqual(good.map(() => null));

  await poll("the batch's items to have ended", async () => (await gateway.metrics()).sum(EXECUTING) === 0);
  const after = await gateway.metrics();
  const grown = (name: string, labels?: Record<string, string>): number =>
    after.sum(name, labels) - before.sum(name, labels);
  expect(grownBy(after, before, "mcp_hangar_batch_calls_total", "result")).toEqual({ partial: 1 });
  expect(grownBy(after, before, "mcp_hangar_batch_cancellations_total", "reason")).toEqual({ timeout: 1 });
  const statuses = { success: 94, error: BAD, timeout: BAD };
  expect(grownBy(after, before, "mcp_hangar_batch_items_total", "status")).toEqual(statuses);
  // Without retries every item is one call.
  expect(grownBy(after, before, "mcp_hangar_tool_calls_total", "status")).toEqual(statuses);
  expect(grown("mcp_hangar_tool_call_duration_seconds_count")).toBe(100);
  expect(grown("mcp_hangar_tool_call_errors_total")).toBe(2 * BAD);
  expect(grown("mcp_hangar_tool_calls_total", { mcp_server: "cold", status: "success" })).toBe(
    good.filter(({ server }) => server === "cold").length,
  );
  expect([grown("mcp_hangar_batch_size_count"), grown("mcp_hangar_batch_size_sum")]).toEqual([1, 100]);
  expect(grown("mcp_hangar_batch_duration_seconds_count")).toBe(1);
  // It lasted until its deadline, and no longer than the client saw.
  expect(grown("mcp_hangar_batch_duration_seconds_sum")).toBeGreaterThan(TIMEOUT_S - 0.05);
  expect(grown("mcp_hangar_batch_duration_seconds_sum")).toBeLessThan(tookMs / 1_000);
});

const EXECUTING = "mcp_hangar_batch_concurrency";

/** By how much the series of a counter have grown, by one of their labels; those that have not are left out. */
function grownBy(after: MetricsPage, before: MetricsPage, name: string, label: string): Record<string, number> {
  const grown: Record<string, number> = {};
  for (const { labels } of after.select(name)) {
    const value = labels[label] ?? "";
    grown[value] = after.sum(name, { [label]: value }) - before.sum(name, { [label]: value });
  }
  return Object.fromEntries(Object.entries(grown).filter(([, value]) => value !== 0));
}
