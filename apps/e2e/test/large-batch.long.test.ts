import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { startGateway } from "../src/harness/gateway-process.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const MEGABYTE = 1_000_000;
const CALLS = 60;
const RESULT_BYTES = 10 * MEGABYTE;

/** The most memory that a process has had, in bytes. */
function mostResident(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1_024;
}

test("a batch of large results holds no more of them than are under way", {
  tags: ["linux"],
  timeout: 240_000,
}, async () => {
  await using gateway = await startGateway({
    mcp_servers: { own: { ...nodeServer(fixtureFile("misbehaving/stdio.ts")), call_timeout_s: 120 } },
  });
  const { pid } = gateway.process;
  const ok = { calls: [{ server: "own", tool: "ok" }] };
  await modernRequest(gateway.mcpUrl(), "tools/call", { name: "hangar_call", arguments: ok });
  const before = mostResident(pid);
  const call = { server: "own", tool: "big", arguments: { bytes: RESULT_BYTES } };
  const batch = { calls: Array.from({ length: CALLS }, () => call), max_concurrency: 2, timeout: 200 };
  const params = { name: "hangar_call", arguments: batch };
  const patience = { signal: AbortSignal.timeout(220_000) };
  const { message } = await modernRequest(gateway.mcpUrl(), "tools/call", params, patience);
  const report = message.result?.structuredContent as { readonly results: readonly { readonly success: boolean }[] };
  expect(report.results.map(({ success }) => success)).toEqual(Array.from({ length: CALLS }, () => true));
  // All of them together are 600 MB, and were held with a copy each.
  const more = (mostResident(pid) - before) / MEGABYTE;
  expect(more).toBeLessThan((CALLS * RESULT_BYTES) / MEGABYTE / 2);
});
