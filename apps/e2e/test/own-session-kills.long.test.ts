import { commandLine, poll, processesMarked } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import type { HttpGateway } from "../src/harness/gateway-process.ts";
import { rest } from "../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { type LegacySession, openLegacySession, type RpcMessage, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

/** Kills of one lane; there are 200 in all. */
const KILLS = 50;
const CLIENTS = 4;
/** When the kill comes: with everything quiet, in the middle of a call, or while the session starts. */
const MOMENTS = ["idle", "mid call", "mid start"] as const;

/** Somebody with a session of their own, which is a process. */
interface Client {
  readonly session: LegacySession;
  pid: number;
}

const LANES = [
  { mode: "per_caller", lane: 1 },
  { mode: "per_caller", lane: 2 },
  { mode: "per_client", lane: 3 },
  { mode: "per_client", lane: 4 },
] as const;

describe("kill -9 of servers that have a session for each, 200 times", { timeout: 600_000 }, () => {
  test.concurrent.each(LANES)(
    "leaves neither a process nor a session, and costs nobody else theirs ($mode, lane $lane)",
    async ({ mode, lane }) => {
      const marker = `own-session-kills-${process.pid}-${lane}-end`;
      const server = nodeServer(fixtureFile("misbehaving/stdio.ts"), "--stubborn", "--stubborn-child", marker);
      await using secured = await startSecuredGateway({ mcp_servers: { own: { ...server, sessions: mode } } });
      const { gateway } = secured;
      const keys = await keysFor(secured, mode === "per_caller" ? CLIENTS : 1);
      const sessions: LegacySession[] = [];
      for (let index = 0; index < CLIENTS; index++) {
        const headers = bearer(keys[index % keys.length] ?? "");
        sessions.push(await openLegacySession(gateway.mcpUrl("own"), {}, headers));
      }
      // That of the server itself, in which what it lists is asked for, and that nothing here kills.
      await sessions[0]?.request("tools/list");
      const [shared] = serversOf(marker);
      const clients: Client[] = [];
      for (const session of sessions) {
        const before = serversOf(marker);
        expect(textOf(await call(session, "ok"))).toBe("ok");
        clients.push({ session, pid: await poll("a process", () => newOne(marker, before)) });
      }
      const [first] = clients;
      if (first === undefined) throw new Error("there is no client");
      for (let kill = 0; kill < KILLS; kill++) {
        const moment = MOMENTS[kill % MOMENTS.length] ?? "idle";
        const victim = clients[(kill * 7) % CLIENTS] ?? first;
        const others = serversOf(marker).filter((pid) => pid !== victim.pid);
        const pending: Promise<unknown>[] = [];
        if (moment === "mid call") {
          pending.push(call(victim.session, "silence"));
          await poll("the call", async () => (await stateOf(gateway, secured.admin)).in_flight === 1);
        }
        process.kill(victim.pid, "SIGKILL");
        await Promise.all(pending);
        if (moment === "mid start") {
          const starting = await poll("the next process", () => {
            pending.push(call(victim.session, "ok"));
            return newOne(marker, [...others, victim.pid]);
          });
          process.kill(starting, "SIGKILL");
          await Promise.all(pending);
        }
        // A call in the instant between the end and the news of it fails, and can be made again.
        await poll("an answer", async () => textOf(await call(victim.session, "ok")) === "ok");
        victim.pid = await poll("the process that answered", () => newOne(marker, others));
        await poll(`no orphan of kill ${kill}`, () => {
          return serversOf(marker).length === CLIENTS + 1 && childrenOf(marker).length === CLIENTS + 1;
        });
        expect(serversOf(marker), moment).toEqual(expect.arrayContaining([...others]));
        expect((await stateOf(gateway, secured.admin)).sessions.open, moment).toBe(CLIENTS);
      }
      // The session that belongs to nobody was never killed.
      expect(serversOf(marker)).toContain(shared);
      if (lane % 2 === 0) gateway.process.kill("SIGKILL");
      else await gateway.stop();
      await poll("the end of everything", () => processesMarked(marker).length === 0);
    },
  );
});

async function keysFor(secured: SecuredGateway, count: number): Promise<readonly string[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => secured.keyFor(`caller-${index}`, "agent")));
}

async function call(session: LegacySession, name: string): Promise<RpcMessage> {
  return (await session.request("tools/call", { name, arguments: {} })).message;
}

interface State {
  readonly in_flight: number;
  readonly sessions: { readonly open: number };
}

async function stateOf(gateway: HttpGateway, admin: string): Promise<State> {
  return (await rest(gateway, "GET", "/api/mcp_servers/own", { headers: bearer(admin) })).json() as unknown as State;
}

/** The servers themselves: a supervisor has the same words in its command line, but is another program. */
function serversOf(marker: string): readonly number[] {
  return processesMarked(marker).filter((pid) => commandLine(pid).startsWith(process.execPath));
}

/** Children of the servers, which call themselves by their flags. */
function childrenOf(marker: string): readonly number[] {
  return processesMarked(marker).filter((pid) => commandLine(pid).startsWith("--stubborn"));
}

/** A server that is none of those. */
function newOne(marker: string, others: readonly number[]): number | undefined {
  return serversOf(marker).find((pid) => !others.includes(pid));
}
