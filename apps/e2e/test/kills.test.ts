import { describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { poll } from "../src/harness/poll.ts";
import { isAlive, processesMarked } from "../src/harness/process-tree.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { type LegacySession, openLegacySession, type RpcAnswer, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

/** Kills of the gateway, and of a server: 200 in all, in lanes that run side by side. */
const LANES = 4;
const GATEWAY_KILLS_A_LANE = 25;
const SERVER_KILLS_A_LANE = 25;

/** A process that is still there this long after its gateway died is an orphan. */
const ORPHAN_DEADLINE_MS = 5_000;

/** A server and its child, both deaf to the end of stdin and to SIGTERM. */
const STUBBORN_PROCESSES = 2;

/** When the kill comes: with everything quiet, in the middle of a call, or while the server starts. */
const MOMENTS = ["idle", "mid call", "mid start"] as const;

const lanes = Array.from({ length: LANES }, (_each, lane) => lane);

describe("kill -9 leaves no orphan process, and the next call works", { timeout: 120_000 }, () => {
  test.concurrent.each(lanes)("of the gateway, lane %i", async (lane) => {
    for (let kill = 0; kill < GATEWAY_KILLS_A_LANE; kill += 1) {
      const marker = `kill-gateway-${process.pid}-${lane}-${kill}-end`;
      await using gateway = await startGateway({ mcp_servers: { stubborn: stubborn(marker) } });
      const session = await openLegacySession(gateway.mcpUrl("stubborn"));
      const moment = MOMENTS[kill % MOMENTS.length] ?? "idle";
      const pending = await reach(moment, session, marker);
      gateway.process.kill("SIGKILL");
      await gateway.process.exited;
      await Promise.all(pending);
      const orphans = async (): Promise<boolean> => processesMarked(marker).length === 0;
      await poll(`no orphan after a kill ${moment} (${marker})`, orphans, ORPHAN_DEADLINE_MS);
    }
  });

  test("of a server, in every lane", async () => {
    const marker = (lane: number): string => `kill-server-${process.pid}-${lane}-end`;
    const servers = lanes.map((lane) => [`lane${lane}`, stubborn(marker(lane))]);
    await using gateway = await startGateway({ mcp_servers: Object.fromEntries(servers) });
    await Promise.all(lanes.map((lane) => killServer(gateway, `lane${lane}`, marker(lane))));
    const page = await gateway.metrics();
    for (const lane of lanes) {
      const labels = { mcp_server: `lane${lane}` };
      expect(page.sum("mcp_hangar_mcp_server_stops_total", { ...labels, reason: "crashed" })).toBe(SERVER_KILLS_A_LANE);
      expect(page.sum("mcp_hangar_mcp_server_starts_total", { ...labels, result: "success" })).toBe(
        SERVER_KILLS_A_LANE + 1,
      );
    }
    await gateway.stop();
    expect(lanes.flatMap((lane) => processesMarked(marker(lane)))).toEqual([]);
  });
});

async function killServer(gateway: HttpGateway, server: string, marker: string): Promise<void> {
  const session = await openLegacySession(gateway.mcpUrl(server));
  for (let kill = 0; kill < SERVER_KILLS_A_LANE; kill += 1) {
    expect(textOf((await ok(session)).message)).toBe("ok");
    const pid = await poll("the server's process", () => serverProcess(marker));
    const midCall = kill % 2 === 1;
    const pending = midCall ? session.request("tools/call", { name: "silence", arguments: {} }) : undefined;
    if (midCall) await pause(20);
    process.kill(pid, "SIGKILL");
    if (pending !== undefined) expect((await pending).message.error).toBeDefined();
    await poll("the server's end", () => !isAlive(pid));
  }
  expect(textOf((await ok(session)).message)).toBe("ok");
  const rest = (): boolean => processesMarked(marker).length === STUBBORN_PROCESSES;
  await poll(`only the last server and its child to be left (${marker})`, rest, ORPHAN_DEADLINE_MS);
}

/** Brings the gateway to the moment of the kill; the returned promise is a call that the kill breaks off. */
async function reach(
  moment: (typeof MOMENTS)[number],
  session: LegacySession,
  marker: string,
): Promise<Promise<unknown>[]> {
  const startable = ok(session).catch(() => {});
  if (moment === "mid start") {
    await poll("the server's process", () => processesMarked(marker).length > 0);
    return [startable];
  }
  await startable;
  await poll("the server and its child", () => processesMarked(marker).length >= STUBBORN_PROCESSES);
  if (moment === "idle") return [];
  const pending = session.request("tools/call", { name: "silence", arguments: {} }).catch(() => {});
  await pause(20);
  return [pending];
}

function ok(session: LegacySession): Promise<RpcAnswer> {
  return session.request("tools/call", { name: "ok", arguments: {} });
}

function stubborn(marker: string): Record<string, unknown> {
  return nodeServer(fixtureFile("misbehaving/stdio.ts"), "--stubborn", marker);
}

/** The fixture itself, not its child and not a supervisor: the one whose command line names the file first. */
function serverProcess(marker: string): number | undefined {
  return processesMarked(`misbehaving/stdio.ts --stubborn ${marker}`)[0];
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
