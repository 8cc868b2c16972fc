import { readTrail } from "@mcp-hangar/compliance";
import { expect, test } from "vitest";
import { callRecord, openJournal, temporaryFolder } from "./support.ts";

/** A busy machine takes its time. */
const LONG = { waitMs: 60_000, checkpoint: { records: 1_000_000, intervalMs: 1e9 } };

test("a trail is read page by page, the oldest first, and each page says where the next begins", async () => {
  using folder = temporaryFolder();
  const journal = await openJournal(folder.path, { ...LONG, segmentBytesMax: 32_000 });
  await Promise.all(Array.from({ length: 100 }, (_each, call) => journal.record(callRecord(`call-${call}`))));
  const ids: string[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await readTrail(folder.path, { filter: { types: ["tool.call.completed"] }, after, limit: 7 });
    expect(page.lines.length).toBeLessThanOrEqual(7);
    ids.push(...page.lines.map(({ record }) => record.id));
    after = page.nextAfter;
  }
  expect(ids).toEqual(Array.from({ length: 100 }, (_each, call) => `call-${call}`));
  await journal.close(60_000);
});

test("what is older than asked for is passed over, also when the clock was set back a little", async () => {
  using folder = temporaryFolder();
  const journal = await openJournal(folder.path, { ...LONG, segmentBytesMax: 32_000 });
  const hour = 3_600_000;
  const start = Date.UTC(2026, 0, 1);
  const at = (timeMs: number, id: string) => ({ ...callRecord(id), time: new Date(timeMs).toISOString() });
  for (let call = 0; call < 100; call++) {
    // Half an hour back in the middle.
    await journal.record(at(start + call * hour - (call === 60 ? 1.5 * hour : 0), `call-${call}`));
  }
  const sinceMs = start + 59 * hour - hour / 2;
  const { lines } = await readTrail(folder.path, {
    filter: { sinceMs, types: ["tool.call.completed"] },
    after: undefined,
    limit: 1_000,
  });
  expect(lines.map(({ record }) => record.id)).toEqual(
    Array.from({ length: 41 }, (_each, call) => `call-${call + 59}`),
  );
  await journal.close(60_000);
});

test("a page ends after so many lines, although nothing was found yet", async () => {
  using folder = temporaryFolder();
  const journal = await openJournal(folder.path, { ...LONG, memory: { recordsMax: 50_000, bytesMax: 500_000_000 } });
  await Promise.all(Array.from({ length: 20_010 }, (_each, call) => journal.record(callRecord(`call-${call}`))));
  const query = { filter: { id: "call-20005" }, limit: 10 };
  const first = await readTrail(folder.path, { ...query, after: undefined });
  expect(first).toEqual({ lines: [], nextAfter: 20_000 });
  const second = await readTrail(folder.path, { ...query, after: first.nextAfter });
  expect(second.lines.map(({ record }) => record.id)).toEqual(["call-20005"]);
  await journal.close(60_000);
});
