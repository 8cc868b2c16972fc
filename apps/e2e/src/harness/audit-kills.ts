import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { POLL_DEADLINE_MS, poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { AuditedCalls, callsSeen, expectWrittenDown } from "./audited-calls.ts";
import { type HttpGateway, startGateway } from "./gateway-process.ts";
import { journalRecords, linesOf, verifyJournal } from "./journal.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { nodeServer } from "./upstreams.ts";
import { fixtureFile } from "./workspace.ts";

/** Between two looks, in ms: what is called after the moment of the kill costs time and shows nothing. */
const PAUSE_MS = 5;

/** Each is started by every gateway. */
const SERVERS = ["a", "b"];
/** The servers that clients call at the same time, one client each. */
const CLIENTS = [...SERVERS, ...SERVERS];

/** Kills a gateway with -9 under load, over and over, each at another moment, and looks at what it has left. */
export function testAuditKills(rounds: number): void {
  test(`${rounds} kills of a gateway under load cost no record that somebody relies on`, {
    timeout: 60_000 + rounds * 20_000,
  }, async () => {
    await using folder = await temporaryFolder();
    const at = (name: string): string => join(folder.path, name);
    const journal = at("journal");
    const config = {
      mcp_servers: Object.fromEntries(
        SERVERS.map((id) => [id, nodeServer(fixtureFile("telling/main.ts"), at(`seen-${id}`))]),
      ),
      compliance: {
        journal: { folder: journal, mode: "fail_closed" },
        sinks: [{ type: "file", name: "lines", path: at("lines") }],
      },
    };
    const answered = new Map<string, string[]>(SERVERS.map((id) => [id, []]));
    for (let round = 0; round < rounds; round++) {
      const gateway = await startGateway(config);
      const clients = CLIENTS.map((id) => new AuditedCalls(gateway.url, id));
      const ended = Promise.all(clients.map((client) => callUntilTheEnd(client)));
      // The moment moves from round to round, also into the first start of the servers.
      await poll("calls", () => sum(clients) >= (round * 7) % 60, POLL_DEADLINE_MS, PAUSE_MS);
      await kill(gateway);
      await ended;
      for (const client of clients) answered.get(client.server)?.push(...client.answered);
    }
    await using last = await startGateway(config);
    await last.stop();

    expect([...answered.values()].flat().length).toBeGreaterThan(0);
    const records = await journalRecords(journal);
    for (const [id, traces] of answered) {
      expectWrittenDown(records, id, { seen: callsSeen(at(`seen-${id}`)), answered: traces });
    }
    // The trail is whole, and says of each kill that something may be missing.
    const { code, findings } = await verifyJournal(journal);
    expect({ code, problems: findings.filter(({ kind }) => kind === "problem") }).toEqual({ code: 0, problems: [] });
    expect(findings.at(-1)).toMatchObject({ kind: "summary", isIntact: true, signedUntil: records.length });
    expect(records.filter(({ gap }) => gap?.reason === "crash")).toHaveLength(rounds);
    // The sink may have got some twice, and has all of them in their order.
    const sequences = linesOf(await readFile(at("lines"), "utf8")).map(
      (line) => (JSON.parse(line) as { sequence: number }).sequence,
    );
    expect([...new Set(sequences)].toSorted((one, other) => one - other)).toEqual(
      records.map(({ sequence }) => sequence),
    );
  });
}

async function callUntilTheEnd(client: AuditedCalls): Promise<void> {
  try {
    for (;;) await client.call();
  } catch {
    // The connection has ended with the gateway.
  }
}

async function kill(gateway: HttpGateway): Promise<void> {
  gateway.process.kill("SIGKILL");
  await gateway.process.exited;
  await gateway[Symbol.asyncDispose]();
}

function sum(clients: readonly AuditedCalls[]): number {
  return clients.reduce((count, { answered }) => count + answered.length, 0);
}
