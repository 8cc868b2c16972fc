import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Spool, SpoolForwarder } from "@mcp-hangar/delivery/spool";
import { poll } from "@mcp-hangar/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AuditEntry, callbackSink, type OpenFeed, type SinkExporter, sendRecords } from "../../src/index.ts";
import { entriesOf, idIn, idsOf, testFormat } from "./entries.ts";
import { expectExact, exporterOver } from "./exporter-under-test.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-feed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function openSpool(consumers: readonly string[]): Promise<Spool> {
  const opening = await Spool.open({
    folder,
    segmentBytesMax: 20_000,
    bytesMax: 10_000_000,
    whenFull: "refuse",
    consumers,
  });
  if (opening.kind === "failed") throw new Error(opening.message);
  return opening.spool;
}

/** Feeds a sink out of a spool of records as JSON. */
function feedOf(spool: Spool, consumer: string): OpenFeed {
  return ({ send, ...parts }) => {
    const forwarder = new SpoolForwarder({
      ...parts,
      spool,
      consumer,
      // The test has written them.
      send: (payloads, signal) =>
        send(
          payloads.map((bytes): AuditEntry => JSON.parse(bytes.toString()) as AuditEntry),
          signal,
        ),
    });
    return Promise.resolve(forwarder);
  };
}

function exporterOf(spool: Spool, name: string, take: (ids: readonly string[]) => boolean): SinkExporter {
  const sink = callbackSink({
    name,
    callback: (entries) =>
      take(entries.map(({ text }) => idIn(text))) ? undefined : { kind: "retry", reason: "connection" },
  });
  return exporterOver(sink, { source: { kind: "feed", open: feedOf(spool, name) } });
}

test("sinks that one spool feeds go on where each was after a restart, and none waits for another", async () => {
  const got: Readonly<Record<"one" | "two", string[]>> = { one: [], two: [] };
  let spool = await openSpool(["one", "two"]);
  const one = exporterOf(spool, "one", (ids) => got.one.push(...ids) > 0);
  const two = exporterOf(spool, "two", () => false);
  expect(one.listener).toBeUndefined();
  await Promise.all([one.open(), two.open()]);
  for (const entry of entriesOf(200)) await spool.append(Buffer.from(JSON.stringify(entry)));
  await poll("the records of one", () => got.one.length === 200);
  for (const exporter of [one, two]) expectExact(exporter);
  expect([one, two].map((exporter) => exporter.snapshot().queueSize)).toEqual([0, 200]);
  await Promise.all([one.close(1_000), two.close(100)]);
  await spool.close();

  spool = await openSpool(["one", "two"]);
  const oneAgain = exporterOf(spool, "one", (ids) => got.one.push(...ids) > 0);
  const twoAgain = exporterOf(spool, "two", (ids) => got.two.push(...ids) > 0);
  await Promise.all([oneAgain.open(), twoAgain.open()]);
  await poll("the records of two", () => got.two.length === 200);
  expect([got.one, got.two]).toEqual([idsOf(200), idsOf(200)]);
  await Promise.all([oneAgain.close(1_000), twoAgain.close(1_000)]);
  await spool.close();
});

test("a filter passes over records that a feed has for others", async () => {
  const spool = await openSpool(["one"]);
  const sent: string[] = [];
  const sink = callbackSink({
    name: "one",
    callback: (entries) => void sent.push(...entries.map(({ text }) => idIn(text))),
  });
  const exporter = exporterOver(sink, {
    filter: { severityMin: 9 },
    source: { kind: "feed", open: feedOf(spool, "one") },
  });
  await exporter.open();
  for (const [at, entry] of entriesOf(40).entries()) {
    const record = { ...entry.record, severity: at % 4 === 0 ? 9 : 2 };
    await spool.append(Buffer.from(JSON.stringify({ record })));
  }
  await poll("all records", () => exporter.snapshot().queueSize === 0 && exporter.accepted === 40);
  expect(sent).toEqual(idsOf(40).filter((_id, at) => at % 4 === 0));
  await exporter.close(1_000);
  expectExact(exporter);
  await spool.close();
});

test("a feed that cannot be opened keeps the exporter from opening, with why", async () => {
  const sink = callbackSink({ name: "one", callback: () => undefined });
  const exporter = exporterOver(sink, {
    source: { kind: "feed", open: () => Promise.reject(new Error("the journal is damaged")) },
  });
  await expect(exporter.open()).rejects.toThrow("the journal is damaged");
  expect(exporter.snapshot()).toMatchObject({ exporter: "one", queueSize: 0 });
  await exporter.close(10);
});

test("what sends for a journal of others can be had alone", async () => {
  const sent: string[] = [];
  const sink = callbackSink({ name: "one", callback: (entries) => void sent.push(...entries.map(({ text }) => text)) });
  const send = sendRecords({ sink, format: testFormat });
  expect(await send(entriesOf(2), new AbortController().signal)).toEqual({ kind: "delivered" });
  expect(sent.map(idIn)).toEqual(idsOf(2));
});
