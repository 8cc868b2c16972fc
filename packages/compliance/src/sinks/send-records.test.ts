import type { SendOutcome } from "@mcp-hangar/delivery";
import { expect, test } from "vitest";
import { entriesOf, recordOf, testFormat } from "../../test/sinks/entries.ts";
import type { AuditSink, SinkEntry } from "../sink.ts";
import { sendRecords } from "./send-records.ts";

const { signal } = new AbortController();

/** A sink that answers so, and keeps what it gets. */
function sinkOf(...outcomes: readonly SendOutcome[]) {
  const batches: (readonly SinkEntry[])[] = [];
  const sink: AuditSink = {
    name: "sink",
    acknowledged: true,
    send(batch) {
      batches.push(batch);
      return Promise.resolve(outcomes[batches.length - 1] ?? { kind: "delivered" });
    },
    close: () => Promise.resolve(),
  };
  return { sink, batches };
}

test("the sink gets each record with its text", async () => {
  const { sink, batches } = sinkOf();
  const entries = entriesOf(2);
  expect(await sendRecords({ sink, format: testFormat })(entries, signal)).toEqual({ kind: "delivered" });
  expect(batches[0]).toEqual(entries.map((entry) => ({ ...entry, text: testFormat.encode(entry) })));
});

test("a batch that is sent again is the same array, and is encoded once", async () => {
  const { sink, batches } = sinkOf({ kind: "retry", reason: "io" });
  let encoded = 0;
  const format = { ...testFormat, encode: () => String(++encoded) };
  const send = sendRecords({ sink, format });
  const entries = entriesOf(3);
  expect(await send(entries, signal)).toEqual({ kind: "retry", reason: "io" });
  expect(await send(entries, signal)).toEqual({ kind: "delivered" });
  expect(batches[1]).toBe(batches[0]);
  expect(encoded).toBe(3);
});

test("whatever a format writes is one line of well-formed text", async () => {
  const { sink, batches } = sinkOf();
  const format = { ...testFormat, encode: () => "a\r\nforged\0b\ud800\n" };
  await sendRecords({ sink, format })(entriesOf(1), signal);
  expect(batches[0]?.[0]?.text).toBe("a forged b\ufffd ");
});

test("a record that cannot be written takes no others with it", async () => {
  const { sink, batches } = sinkOf();
  const format = {
    ...testFormat,
    encode({ record }: { readonly record: { readonly id: string } }): string {
      if (record.id === "r-1") throw new TypeError("no text");
      return record.id;
    },
  };
  expect(await sendRecords({ sink, format })(entriesOf(3), signal)).toEqual({
    kind: "partial",
    rejected: 1,
    retry: [],
    reason: "encoding",
    message: "a record cannot be written as test-json: no text",
  });
  expect(batches[0]?.map(({ text }) => text)).toEqual(["r-0", "r-2"]);
});

const isEven = ({ id }: { readonly id: string }): boolean => Number(id.slice(2)) % 2 === 0;

test.each([
  [{ kind: "delivered" }, { kind: "delivered" }],
  [
    { kind: "retry", reason: "timeout", message: "late" },
    { kind: "partial", rejected: 0, retry: [0, 2, 4], reason: "timeout", message: "late" },
  ],
  [
    { kind: "partial", rejected: 1, retry: [2], reason: "rejected" },
    { kind: "partial", rejected: 1, retry: [4], reason: "rejected" },
  ],
] as const)("of records that were passed over, %j is %j", async (outcome, expected) => {
  const { sink, batches } = sinkOf(outcome);
  expect(await sendRecords({ sink, format: testFormat, accepts: isEven })(entriesOf(6), signal)).toEqual(expected);
  expect(batches[0]?.map(({ record }) => record.id)).toEqual(["r-0", "r-2", "r-4"]);
});

test("a batch of which nothing is wanted is delivered, and the sink is not asked", async () => {
  const { sink, batches } = sinkOf();
  const send = sendRecords({ sink, format: testFormat, accepts: () => false });
  expect(await send([{ record: recordOf(1) }], signal)).toEqual({ kind: "delivered" });
  expect(batches).toEqual([]);
});
