import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJournal } from "@mcp-hangar/compliance";
import { Spool } from "@mcp-hangar/delivery/spool";
import { INTENT_ID_SUFFIX, LIBRARY_CLIENT, registeredName } from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { poll } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { callEvent, callRecord, collect, openJournal, temporaryFolder, verified } from "./support.ts";

const lines = (folder: string) => collect(readJournal(folder));
const CALLER = { type: "local", id: registeredName("ada"), roles: [], credential: "local" } as const;
const intent = (id: string) => {
  return {
    id,
    kind: "call",
    method: "tools/call",
    server: "math",
    subject: "add",
    caller: CALLER,
    client: LIBRARY_CLIENT,
  } as const;
};

describe("a journal", () => {
  test("has every audited event of the bus once, in order, between its own checkpoints", async () => {
    using folder = temporaryFolder();
    const journal = await openJournal(folder.path);
    const events = sampleEvents();
    for (const event of events) {
      journal.listener(event);
      // The gateway tells both.
      if (event.type === "call.finished") expect(journal.end(event)).toBeUndefined();
    }
    await journal.close(60_000);
    const found = await lines(folder.path);
    expect(found.map(({ sequence }) => sequence)).toEqual(found.map((_line, index) => index + 1));
    expect(found.filter(({ record }) => record.category !== "audit")).toHaveLength(journal.snapshot().delivered);
    expect(found.filter(({ record }) => record.category === "tool").map(({ record }) => record.id)).toEqual(
      events.flatMap((event) => {
        if (event.type === "call.finished") return [event.callId];
        return event.type === "task.finished" ? [event.taskId] : [];
      }),
    );
    expect(found.at(0)?.record.checkpoint?.reason).toBe("opened");
    expect(found.at(-1)?.record.checkpoint?.reason).toBe("closed");
    const { findings, summary } = await verified(folder.path);
    expect(summary).toMatchObject({ isIntact: true, records: found.length, signedUntil: found.length, keys: "folder" });
    expect(findings).toHaveLength(1);
  });

  test("goes on with its chain after a restart, under the same identity and key", async () => {
    using folder = temporaryFolder();
    const identities: string[] = [];
    for (let run = 1; run <= 3; run++) {
      const journal = await openJournal(folder.path);
      identities.push(`${journal.identity} ${journal.publicKeyPem}`);
      for (let call = 1; call <= 10; call++) expect(await journal.record(callRecord(`${run}-${call}`))).toBe(true);
      await journal.close(60_000);
    }
    expect(new Set(identities).size).toBe(1);
    const { findings, summary } = await verified(folder.path);
    expect(findings).toEqual([summary]);
    expect(summary).toMatchObject({ isIntact: true, records: 36, checkpoints: 6 });
  });

  test("keeps its files and its key from others", async () => {
    using parent = temporaryFolder();
    const folder = join(parent.path, "journal");
    const journal = await openJournal(folder);
    await journal.record(callRecord("1"));
    await journal.close(60_000);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const names = readdirSync(folder).sort();
    expect(names).toEqual(["0000000000000001.segment", "checkpoint.key.pem", "checkpoint.pub.pem", "end", "journal"]);
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    const key = readFileSync(join(folder, "checkpoint.key.pem"), "utf8").split("\n")[1] ?? "";
    for (const { bytes } of await lines(folder)) expect(bytes.toString()).not.toContain(key);
  });

  test("belongs to one process, and is none where the folder holds something else", async () => {
    using folder = temporaryFolder();
    const journal = await openJournal(folder.path);
    await expect(openJournal(folder.path)).rejects.toThrow("give each process a folder of its own");
    await journal.close(60_000);
    using other = temporaryFolder();
    const options = { consumers: [], segmentBytesMax: 100_000, bytesMax: 1_000_000, whenFull: "refuse" } as const;
    const opening = await Spool.open({ folder: other.path, ...options });
    if (opening.kind === "failed") throw new Error(opening.message);
    await opening.spool.append(Buffer.from("spans of somebody"));
    await opening.spool.close();
    await expect(openJournal(other.path)).rejects.toThrow("none of a journal; choose another folder");
  });

  test("signs its tail after so many records, and after a while", async () => {
    using folder = temporaryFolder();
    const journal = await openJournal(folder.path, { checkpoint: { records: 10, intervalMs: 50 } });
    for (let call = 1; call <= 35; call++) await journal.record(callRecord(`${call}`));
    await poll("the tail to be signed", async () => {
      const { summary } = await verified(folder.path);
      return summary.records > 35 && summary.signedUntil === summary.last;
    });
    await journal.close(60_000);
    const { summary } = await verified(folder.path);
    expect(summary).toMatchObject({ isIntact: true });
    expect(summary.checkpoints).toBeGreaterThanOrEqual(5);
  });
});

describe("fail_closed", () => {
  test("has the intent on the disk before it lets go on, and the outcome before the answer", async () => {
    using folder = temporaryFolder();
    const journal = await openJournal(folder.path, { mode: "fail_closed" });
    expect(await journal.begin(intent("call-1"))).toBeUndefined();
    expect((await lines(folder.path)).map(({ record }) => record.type)).toEqual([
      "audit.checkpoint",
      "tool.call.intended",
    ]);
    const event = callEvent("call-1");
    journal.listener(event);
    expect(await journal.end(event)).toBeUndefined();
    const [, begun, ended] = await lines(folder.path);
    expect(begun?.record.id).toBe(`call-1${INTENT_ID_SUFFIX}`);
    expect(ended?.record).toMatchObject({ id: "call-1", type: "tool.call.completed" });
    await journal.close(60_000);
  });

  test("shows what was intended and has no end: as under way, and as over after a restart", async () => {
    using folder = temporaryFolder();
    const journal = await openJournal(folder.path, { mode: "fail_closed" });
    await Promise.all([journal.begin(intent("a")), journal.begin(intent("b"))]);
    await journal.end(callEvent("b"));
    const open = async () =>
      (await verified(folder.path)).findings.flatMap((each) =>
        each.kind === "open_intent" ? [[each.id, each.isOver]] : [],
      );
    expect(await open()).toEqual([["a", false]]);
    await journal.close(60_000);
    await (await openJournal(folder.path)).close(60_000);
    expect(await open()).toEqual([["a", true]]);
  });

  test("refuses after its time when the disk takes nothing, at once when it has failed, and says when to come again", async () => {
    using folder = temporaryFolder();
    const journal = await openJournal(folder.path, { mode: "fail_closed", bytesMax: 65_536, waitMs: 300 });
    let call = 0;
    const full = await poll(
      "a refusal that says why",
      async () => {
        call += 1;
        const refusal = await journal.begin(intent(`call-${call}`));
        return refusal?.message.includes("65536 bytes") === true ? refusal : undefined;
      },
      undefined,
      0,
    );
    expect(full).toMatchObject({
      message: expect.stringContaining("audit journal cannot be written"),
      retryAfterMs: 1_000,
    });
    expect(journal.health()).toMatchObject({ status: "unhealthy" });
    // No promise: nobody waits for a disk that is known to take nothing.
    expect(journal.begin(intent("late"))).toEqual(full);
    await journal.close(1_000);
    const { problems, summary } = await verified(folder.path);
    expect(problems).toEqual([]);
    expect(summary.records).toBeGreaterThan(10);
  });
});
