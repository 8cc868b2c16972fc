import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { POLL_DEADLINE_MS, poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { modernRequest, type RpcMessage, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const DEAD = 4;
const READY = 2;

test("a server in a crash loop fails fast with the reason and the wait, and is back with the first call after it was mended", {
  timeout: 180_000,
}, async () => {
  await using folder = await temporaryFolder();
  const program = join(folder.path, "server.sh");
  const runs = join(folder.path, "runs");
  const install = async (script: string): Promise<void> => {
    await writeFile(program, `#!/bin/sh\necho >>"${runs}"\n${script}\n`);
    await chmod(program, 0o755);
  };
  await install('echo "cannot open the database: disk is full" >&2; exit 74');
  await using gateway = await startGateway({
    mcp_servers: {
      // Only calls shall bring it back here.
      looping: { mode: "subprocess", command: program, health_check_interval_s: 3_600, call_timeout_s: 20 },
      well: { mode: "subprocess", command: [process.execPath, fixtureFile("misbehaving/stdio.ts")] },
    },
  });

  const failures: RpcMessage[] = [];
  await poll(
    "the server to be given up",
    async () => {
      failures.push(await call(gateway, "looping"));
      return (await state(gateway)) === DEAD;
    },
    POLL_DEADLINE_MS,
    200,
  );
  for (const { error } of failures) {
    expect(error?.data).toMatchObject({ error_type: "start_failed", retryable: true });
    expect(error?.message).toContain("disk is full");
  }

  const starts = async (): Promise<readonly number[]> => [
    (await gateway.metrics()).sum("mcp_hangar_mcp_server_starts_total", { mcp_server: "looping" }),
    (await readFile(runs, "utf8")).length,
  ];
  // A call that comes when the wait is over starts the program again, and the wait after that is longer.
  const refused = await poll("a call that is refused and starts nothing", async () => {
    const before = await starts();
    const answer = await call(gateway, "looping");
    return isDeepStrictEqual(await starts(), before) && answer;
  });
  expect(refused.error?.data).toMatchObject({ error_type: "start_failed", retry_after_ms: expect.any(Number) });
  expect(Object(refused.error?.data).retry_after_ms).toBeGreaterThan(0);
  expect(textOf(await call(gateway, "well"))).toBe("ok");

  await install(`exec "${process.execPath}" "${fixtureFile("misbehaving/stdio.ts")}"`);
  const { retry_after_ms: waitMs } = Object(refused.error?.data) as { readonly retry_after_ms: number };
  await poll(
    "the first call after the wait to be answered",
    async () => {
      const answer = await call(gateway, "looping");
      return answer.error === undefined && textOf(answer) === "ok";
    },
    waitMs + POLL_DEADLINE_MS,
    200,
  );
  const page = await gateway.metrics();
  expect(page.sum("mcp_hangar_mcp_server_state", { mcp_server: "looping" })).toBe(READY);
  expect(page.sum("mcp_hangar_mcp_server_up", { mcp_server: "looping" })).toBe(1);
  expect(page.sum("mcp_hangar_health_check_consecutive_failures", { mcp_server: "looping" })).toBe(0);
  expect(page.sum("mcp_hangar_circuit_breaker_state", { mcp_server: "looping" })).toBe(0);
  expect(page.sum("mcp_hangar_tool_calls_total", { mcp_server: "looping", status: "success" })).toBe(1);
});

async function call(gateway: HttpGateway, server: string): Promise<RpcMessage> {
  return (await modernRequest(gateway.mcpUrl(server), "tools/call", { name: "ok", arguments: {} })).message;
}

async function state(gateway: HttpGateway): Promise<number> {
  return (await gateway.metrics()).sum("mcp_hangar_mcp_server_state", { mcp_server: "looping" });
}
