import { commandLine, poll, processesMarked } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "./gateway-process.ts";
import { callUnderWay } from "./under-way.ts";
import { nodeServer } from "./upstreams.ts";
import { modernRequest, type RpcAnswer, textOf } from "./wire-client.ts";
import { fixtureFile } from "./workspace.ts";

/** When the kill of a gateway comes: with everything quiet, in the middle of a call, or while the server starts. */
const MOMENTS = ["idle", "mid call", "mid start"] as const;
type Moment = (typeof MOMENTS)[number];

/** How often something is killed, in lanes that run side by side. */
export interface Kills {
  readonly lanes: number;
  /** Each starts a gateway, which takes longer than to start a server. */
  readonly gatewaysALane: number;
  /** Each is killed twice. */
  readonly serversALane: number;
}

/** Tests that kill gateways and servers and look for what is left behind. */
export function testKills({ lanes, gatewaysALane, serversALane }: Kills): void {
  const numbers = Array.from({ length: lanes }, (_each, lane) => lane);
  describe("kill -9 leaves no orphan process, and the next call works", { timeout: 300_000 }, () => {
    test.concurrent.each(numbers)("of the gateway, lane %i", async (lane) => {
      const orphans: Promise<string | undefined>[] = [];
      for (let kill = 0; kill < gatewaysALane; kill += 1) {
        const marker = `kill-gateway-${process.pid}-${lane}-${kill}-end`;
        const moment = MOMENTS[kill % MOMENTS.length] ?? "idle";
        await killGateway(marker, moment, kill % 2 === 0 ? ["--stubborn", "--stubborn-child"] : ["--stubborn-child"]);
        // The next gateway does not wait for it: a real one would not either.
        orphans.push(orphanOf(marker, moment));
      }
      expect((await Promise.all(orphans)).filter((orphan) => orphan !== undefined)).toEqual([]);
    });

    test.concurrent.each(numbers)("of a server, lane %i", async (lane) => {
      const ids = Array.from({ length: serversALane }, (_each, index) => `server${index}`);
      const marker = (id: string): string => `kill-${process.pid}-lane${lane}-${id}-end`;
      const servers = ids.map((id) => [id, stubborn(marker(id), "--stubborn", "--stubborn-child")]);
      await using gateway = await startGateway({ mcp_servers: Object.fromEntries(servers) });
      for (const [index, id] of ids.entries()) await killTwice(gateway, id, marker(id), index % 2 === 1);
      const page = await gateway.metrics();
      const crashes = ids.map((id) =>
        page.sum("mcp_hangar_mcp_server_stops_total", { mcp_server: id, reason: "crashed" }),
      );
      expect(crashes).toEqual(ids.map(() => 2));
      const [last = ""] = ids.slice(-1);
      // On a busy machine the pause after the second crash may be over by now; a refusal says how long it still lasts.
      const refused = (await call(gateway, last, "ok")).message.error;
      if (refused !== undefined) {
        expect(refused.data).toMatchObject({ retryable: true, retry_after_ms: expect.any(Number) });
        await pause(Object(refused.data).retry_after_ms + 1);
      }
      expect(textOf((await call(gateway, last, "ok")).message)).toBe("ok");
      await gateway.stop();
      expect(ids.flatMap((id) => processesMarked(marker(id)))).toEqual([]);
    });
  });
}

/** Waits for the end of everything that has the marker; tells what is left at the deadline, which are orphans. */
async function orphanOf(marker: string, moment: Moment): Promise<string | undefined> {
  const gone = poll("the end", () => processesMarked(marker).length === 0);
  return gone.then(
    () => undefined,
    () => `${moment}: ${processesMarked(marker).map(commandLine).join("; ")}`,
  );
}

async function killGateway(marker: string, moment: Moment, flags: readonly string[]): Promise<void> {
  await using gateway = await startGateway({ mcp_servers: { stubborn: stubborn(marker, ...flags) } });
  const lost = (tool: string): Promise<unknown> => call(gateway, "stubborn", tool).catch(() => {});
  const pending = [lost("ok")];
  if (moment === "mid start") {
    await poll("the server's process", () => serverProcess(marker));
  } else {
    await Promise.all(pending);
    await poll("the server's own child", () => childProcess(marker));
    if (moment === "mid call") {
      pending.push(lost("silence"));
      await callUnderWay(gateway, "stubborn");
    }
  }
  gateway.process.kill("SIGKILL");
  await gateway.process.exited;
  await Promise.all(pending);
}

/** A server's first crash costs nobody a wait; a second one so soon makes the gateway pause before the next start. */
async function killTwice(gateway: HttpGateway, server: string, marker: string, midCall: boolean): Promise<void> {
  for (const kill of [1, 2]) {
    expect(textOf((await call(gateway, server, "ok")).message)).toBe("ok");
    await poll("the server's own child", () => childProcess(marker));
    const pid = await poll("the server's process", () => serverProcess(marker));
    const pending = midCall ? call(gateway, server, "silence") : undefined;
    if (midCall) await callUnderWay(gateway, server);
    process.kill(pid, "SIGKILL");
    expect((await pending)?.message.result).toBeUndefined();
    // A call in the instant between the end and the news of it is answered with an error that says it can be retried.
    await poll("the gateway to hear of it", async () => (await crashes(gateway, server)) === kill);
  }
  await poll(`no orphan of ${marker}`, () => processesMarked(marker).length === 0);
}

function call(gateway: HttpGateway, server: string, tool: string): Promise<RpcAnswer> {
  return modernRequest(gateway.mcpUrl(server), "tools/call", { name: tool, arguments: {} });
}

async function crashes(gateway: HttpGateway, server: string): Promise<number> {
  const labels = { mcp_server: server, reason: "crashed" };
  return (await gateway.metrics()).sum("mcp_hangar_mcp_server_stops_total", labels);
}

function stubborn(marker: string, ...flags: readonly string[]): Record<string, unknown> {
  return nodeServer(fixtureFile("misbehaving/stdio.ts"), ...flags, marker);
}

/** The server itself: a supervisor has the same words in its command line, but is another program. */
function serverProcess(marker: string): number | undefined {
  return processesMarked(marker).find((pid) => commandLine(pid).startsWith(process.execPath));
}

/** The child of the server, which calls itself by its flags. */
function childProcess(marker: string): number | undefined {
  return processesMarked(marker).find((pid) => commandLine(pid).startsWith("--stubborn"));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
