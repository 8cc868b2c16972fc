import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  canonical,
  entryOfLine,
  hashOf,
  machineClock,
  type ReadLine,
  readJournal,
  replayJournal,
  searchJournal,
  tailJournal,
  verifyJournal,
} from "@mcp-hangar/compliance";
import { seededRandom } from "@mcp-hangar/delivery/testing";
import { registeredName } from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { callRecord, collect, openJournal, temporaryFolder, verified } from "./support.ts";
import { segmentNames } from "./tampering.ts";

const numbersOf = (lines: readonly ReadLine[]): readonly number[] => lines.map(({ sequence }) => sequence);

/** A journal of several files with the records `call-1` to `call-100`, whose numbers are 2 to 101. */
async function hundredCalls(folder: string): Promise<string> {
  const journal = await openJournal(folder, {
    segmentBytesMax: 32_000,
    checkpoint: { records: 1_000, intervalMs: 1e6 },
  });
  for (let call = 1; call <= 100; call++) await journal.record(callRecord(`call-${call}`));
  const { publicKeyPem } = journal;
  await journal.close(60_000);
  expect(segmentNames(folder).length).toBeGreaterThan(3);
  return publicKeyPem;
}

test("a range is read in its order, from any number to any number", async () => {
  using folder = temporaryFolder();
  await hundredCalls(folder.path);
  const read = async (range: { readonly from?: number; readonly to?: number }) =>
    numbersOf(await collect(readJournal(folder.path, range)));
  const all = Array.from({ length: 102 }, (_each, index) => index + 1);
  expect(await read({})).toEqual(all);
  for (const [from, to] of [
    [1, 1],
    [50, 61],
    [102, 102],
    [30, 1_000],
    [0, 3],
  ] as const) {
    expect(await read({ from, to })).toEqual(all.filter((number) => number >= from && number <= to));
  }
  expect(await read({ from: 103 })).toEqual([]);
  const [line] = await collect(readJournal(folder.path, { from: 70, to: 70 }));
  expect(line?.place).toEqual({ sequence: 70, hash: hashOf(line?.bytes ?? Buffer.alloc(0)) });
  expect(entryOfLine(line?.bytes ?? Buffer.alloc(0))).toEqual({ record: line?.record, place: line?.place });
});

test("the tail is read, and followed while it grows into new files", async () => {
  using folder = temporaryFolder();
  await hundredCalls(folder.path);
  const tail = await collect(tailJournal(folder.path, { lines: 3 }));
  expect(numbersOf(tail)).toEqual([100, 101, 102]);
  expect(await collect(tailJournal(folder.path, { lines: 1_000 }))).toHaveLength(102);

  const journal = await openJournal(folder.path, { segmentBytesMax: 16_384 });
  const end = new AbortController();
  const found: ReadLine[] = [];
  const following = (async () => {
    const follow = { clock: machineClock, signal: end.signal };
    for await (const line of tailJournal(folder.path, { lines: 2, follow })) found.push(line);
  })();
  await poll("the tail", () => found.length >= 2);
  for (let call = 1; call <= 60; call++) await journal.record(callRecord(`late-${call}`));
  await poll("the last record", () => found.at(-1)?.record.id === "late-60");
  end.abort();
  await following;
  await journal.close(60_000);
  const first = found[0]?.sequence ?? 0;
  expect(numbersOf(found)).toEqual(found.map((_line, index) => first + index));
});

test("records are searched by who, what, where, when and how it ended", async () => {
  using folder = temporaryFolder();
  const journal = await openJournal(folder.path);
  for (const event of sampleEvents()) journal.listener(event);
  await journal.close(60_000);
  const all = await collect(readJournal(folder.path));
  const count = async (filter: Parameters<typeof searchJournal>[1]) =>
    (await collect(searchJournal(folder.path, filter))).length;
  const expected = (test: (line: ReadLine) => boolean): number => all.filter(test).length;
  expect(await count({})).toBe(all.length);
  const filters = [
    [{ types: ["session.opened"] }, ({ record }: ReadLine) => record.type === "session.opened"],
    [{ categories: ["tool"] }, ({ record }: ReadLine) => record.category === "tool"],
    [{ outcomes: ["denied"] }, ({ record }: ReadLine) => record.outcome === "denied"],
    [{ severityMin: 7 }, ({ record }: ReadLine) => record.severity >= 7],
    [{ actor: "ada" }, ({ record }: ReadLine) => record.actor.id === "ada"],
    [{ server: "pool" }, ({ record }: ReadLine) => record.target.group === "pool"],
    [{ target: "add" }, ({ record }: ReadLine) => record.target.name === "add"],
    [{ id: "call-3" }, ({ record }: ReadLine) => record.id === "call-3"],
  ] as const;
  for (const [filter, test] of filters) {
    expect(expected(test), JSON.stringify(filter)).toBeGreaterThan(0);
    expect(expected(test)).toBeLessThan(all.length);
    expect(await count(filter), JSON.stringify(filter)).toBe(expected(test));
  }
  const eventMs = Date.parse(all.find(({ record }) => record.category === "tool")?.record.time ?? "");
  expect(await count({ categories: ["tool"], sinceMs: eventMs + 1 })).toBe(0);
  expect(await count({ categories: ["tool"], sinceMs: eventMs, untilMs: eventMs })).toBe(0);
  expect(await count({ categories: ["tool"], sinceMs: eventMs, untilMs: eventMs + 1 })).toBe(
    expected(({ record }) => record.category === "tool"),
  );
});

test("a sink is sent again what it has had, when its place is moved; others are not", async () => {
  using folder = temporaryFolder();
  const received: number[] = [];
  const run = async () => {
    received.length = 0;
    const journal = await openJournal(folder.path, { consumers: ["one", "two"] });
    for (let call = 1; call <= 5; call++) await journal.record(callRecord(`${call}`));
    expect(await journal.lag("two")).toMatchObject({ records: expect.any(Number), seconds: expect.any(Number) });
    const forwarder = journal.forward({
      exporter: registeredName("one"),
      signal: "audit",
      consumer: "one",
      batch: { recordsMax: 2, bytesMax: 10_000, delayMs: 1 },
      attemptTimeoutMs: 60_000,
      retry: { baseMs: 1, maxMs: 1 },
      send: async (lines) => {
        for (const line of lines) received.push(entryOfLine(line)?.place?.sequence ?? 0);
        return { kind: "delivered" };
      },
    });
    expect(await forwarder.flush(60_000)).toBe(true);
    expect(await journal.lag("one")).toEqual({ records: 0, seconds: 0 });
    await expect(replayJournal(folder.path, { consumer: "one", sequence: 1 })).rejects.toThrow("stop it first");
    await journal.close(60_000);
    // The closing checkpoint as well: the tail is anchored outside.
    return [...received];
  };
  expect(await run()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(await run()).toEqual([8, 9, 10, 11, 12, 13, 14]);
  await replayJournal(folder.path, { consumer: "one", sequence: 6 });
  expect((await run()).slice(0, 3)).toEqual([6, 7, 8]);
  await expect(replayJournal(folder.path, { consumer: "nobody", sequence: 1 })).rejects.toThrow("no consumer nobody");
  await expect(replayJournal(folder.path, { consumer: "one", sequence: 100 })).rejects.toThrow("1 to 22");
  const { summary } = await verified(folder.path);
  expect(summary.isIntact).toBe(true);
});

test("several replicas are verified together, and one that is missing is noticed", async () => {
  using one = temporaryFolder();
  using two = temporaryFolder();
  const keys = [await hundredCalls(one.path), await hundredCalls(two.path)];
  const checkpoints = (await Promise.all([one, two].map(({ path }) => collect(readJournal(path)))))
    .flat()
    .flatMap(({ record }) => (record.checkpoint === undefined ? [] : [record.checkpoint]));
  const of = async (folders: readonly string[]) => {
    const findings = await collect(verifyJournal(folders, { publicKeys: keys, checkpoints }));
    return findings.map((finding) => (finding.kind === "summary" ? finding.isIntact : finding.kind));
  };
  expect(await of([one.path, two.path])).toEqual([true, true]);
  expect(await of([one.path])).toContain("problem");
  await expect(collect(verifyJournal(one.path, { publicKeys: ["no key"] }))).rejects.toThrow();
});

const HOSTILE = [
  "\n",
  "\r\n",
  "\u0000",
  "\u2028",
  "\u2029",
  "\ud800",
  "\udfff x",
  "\u202e",
  "🦜",
  '"',
  "\\",
  "\\u0000",
  '","sequence":1,"previous":"',
  "}{",
  "\u007f",
  "\ufeff",
  "ﬀ",
  "é",
  "e\u0301",
  "__proto__",
];

test("whatever a record says, it is one line, reads back as it was but for lone surrogates, and the chain holds", async () => {
  using folder = temporaryFolder();
  const random = seededRandom(7);
  const text = (): string =>
    Array.from({ length: Math.floor(random() * 12) }, () => HOSTILE[Math.floor(random() * HOSTILE.length)] ?? "").join(
      "",
    );
  const records = Array.from({ length: 300 }, (_each, index) => {
    const record = callRecord(`call-${index}`, text());
    return { ...record, id: `${index}${text()}`, target: { ...record.target, name: text() }, reason: text() };
  });
  const journal = await openJournal(folder.path, { segmentBytesMax: 64_000 });
  for (const record of records) expect(await journal.record({ ...record, message: `${record.message} ` })).toBe(true);
  await journal.close(60_000);
  const lines = (await collect(readJournal(folder.path))).filter(({ record }) => record.category === "tool");
  expect(lines).toHaveLength(records.length);
  const wellFormed = (value: object): unknown =>
    JSON.parse(JSON.stringify(value, (_key, each: unknown) => (typeof each === "string" ? each.toWellFormed() : each)));
  for (const [index, { record, bytes }] of lines.entries()) {
    expect(record).toEqual(wellFormed({ ...records[index], message: `${records[index]?.message} ` }));
    expect(bytes.includes("\n")).toBe(false);
  }
  expect((await verified(folder.path)).summary.isIntact).toBe(true);
});

test("somebody without this software verifies a journal with the program in the documentation", async () => {
  using folder = temporaryFolder();
  const program = fileURLToPath(new URL("verify-chain.mjs", import.meta.url));
  const text = readFileSync(program, "utf8");
  expect(text.split("\n").length).toBeLessThanOrEqual(45);
  const documentation = readFileSync(new URL("../../../../docs/audit-journal.md", import.meta.url), "utf8");
  expect(documentation).toContain(`\`\`\`js\n${text}\`\`\``);
  await hundredCalls(folder.path);
  const run = () => spawnSync(process.execPath, [program, folder.path], { encoding: "utf8" });
  const { summary } = await verified(folder.path);
  expect(run().stdout).toBe(`records up to 102 are as they were written; hash ${summary.hash}\n`);
  const path = join(folder.path, segmentNames(folder.path)[1] ?? "");
  const bytes = readFileSync(path);
  writeFileSync(
    path,
    Buffer.from(bytes.toString("latin1").replace('"outcome":"success"', '"outcome":"failure"'), "latin1"),
  );
  expect(run().stderr).toMatch(/record \d+ was altered/);
  rmSync(path);
  expect(run().stderr).toMatch(/\d+ follows \d+/);
});

test("the chain survives an export: a JSON line with number and hash is enough to verify it", async () => {
  using folder = temporaryFolder();
  await hundredCalls(folder.path);
  let previous = "0".repeat(64);
  for await (const { record, place } of readJournal(folder.path)) {
    // As a sink writes it, with the members in any order.
    const exported = JSON.parse(JSON.stringify({ hash: place.hash, ...record, sequence: place.sequence }));
    const { hash, ...rest } = exported;
    expect(hashOf(Buffer.from(canonical({ ...rest, previous })))).toBe(hash);
    previous = hash;
  }
});
