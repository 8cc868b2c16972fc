import { Spool, SpoolForwarder } from "@mcp-hangar/delivery/spool";
import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { callbackSink, journalFeed, machineClock, type SinkExporter } from "../../src/index.ts";
import { callRecord, openJournal, temporaryFolder } from "../journal/support.ts";
import { idIn } from "./entries.ts";
import { exporterOver } from "./exporter-under-test.ts";

function exporterOf(open: ReturnType<typeof journalFeed>, take: (ids: readonly string[]) => boolean): SinkExporter {
  const sink = callbackSink({
    name: "siem",
    callback: (entries) => {
      if (!take(entries.map(({ text }) => idIn(text)))) throw new Error("not now");
    },
  });
  return exporterOver(sink, { source: { kind: "feed", open } });
}

test("a sink is fed what a journal has, goes on where it was after a restart, and gets the last checkpoint", async () => {
  using folder = temporaryFolder();
  const got: string[] = [];
  for (const run of [1, 2]) {
    const journal = await openJournal(folder.path, { consumers: ["siem"] });
    const exporter = exporterOf(
      journalFeed(journal, "siem", () => Promise.resolve()),
      (ids) => got.push(...ids) > 0,
    );
    await exporter.open();
    for (let call = 0; call < 10; call++) await journal.record(callRecord(`call-${run}-${call}`));
    await journal.close(60_000);
    await exporter.close(1_000);
    // Signed when it was opened, and when it was closed.
    expect(got.length).toBe(run * 12);
  }
  expect(new Set(got).size).toBe(24);
});

test("lines that are no records are counted and hold up none that is", async () => {
  using folder = temporaryFolder();
  const options = {
    folder: folder.path,
    segmentBytesMax: 20_000,
    bytesMax: 1e7,
    whenFull: "refuse",
    consumers: ["siem"],
  } as const;
  const opening = await Spool.open(options);
  if (opening.kind === "failed") throw new Error(opening.message);
  const { spool } = opening;
  const lineOf = (id: string, sequence: number): Buffer =>
    Buffer.from(JSON.stringify({ ...callRecord(id), sequence, previous: "0".repeat(64) }));
  await spool.appendAll([lineOf("one", 1), Buffer.from("no record"), lineOf("two", 3)]);
  const batches: (readonly string[])[] = [];
  const open = journalFeed(
    { forward: (parts) => new SpoolForwarder({ ...parts, spool, clock: machineClock, random: Math.random }) },
    "siem",
    () => Promise.resolve(),
  );
  // The first attempt fails.
  const exporter = exporterOf(open, (ids) => batches.push(ids) > 1);
  await exporter.open();
  await poll("everything to be settled", () => exporter.snapshot().queueSize === 0);
  expect(batches).toEqual([
    ["one", "two"],
    ["one", "two"],
  ]);
  expect(exporter.snapshot()).toMatchObject({ delivered: 2, dropped: { rejected: 1 } });
  await exporter.close(1_000);
  await spool.close();
});
