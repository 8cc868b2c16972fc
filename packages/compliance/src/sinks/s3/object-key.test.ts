import { expect, test } from "vitest";
import { recordOf, sinkEntriesOf } from "../../../test/sinks/entries.ts";
import type { SinkEntry } from "../../sink.ts";
import { objectKey } from "./object-key.ts";

const NAME = { prefix: "audit/", suffix: ".ndjson.gz" };

function placed(first: number, last: number): readonly SinkEntry[] {
  return sinkEntriesOf(last - first + 1, first).map((entry, at) => ({
    ...entry,
    place: { sequence: first + at, hash: "0".repeat(64) },
  }));
}

test("a name has instance, day, time, first and last sequence, and a digest", () => {
  expect(objectKey(placed(7, 1_234), NAME)).toMatch(
    /^audit\/gateway-1\/2026\/01\/31\/20260131T080000130Z-0000000000000007-0000000000001234-[0-9a-f]{16}\.ndjson\.gz$/,
  );
});

test("without a journal, time and digest are its name", () => {
  expect(objectKey(sinkEntriesOf(2), NAME)).toMatch(/\/20260131T080000123Z-[0-9a-f]{16}\.ndjson\.gz$/);
});

test("the same batch has the same name, and any other has another", () => {
  expect(objectKey(sinkEntriesOf(3), NAME)).toBe(objectKey(sinkEntriesOf(3), NAME));
  expect(objectKey(sinkEntriesOf(3), NAME)).not.toBe(objectKey(sinkEntriesOf(2), NAME));
});

test("names sort as the sequence does", () => {
  const names = [1, 9, 10, 99, 100, 12_345].map((first) => objectKey(placed(first, first), NAME));
  expect(names.toSorted()).toEqual(names);
});

test("an instance cannot lead out of the prefix", () => {
  for (const instance of ["../../other", "..", "", "a b/c?d#e", "é"]) {
    const key = objectKey([{ record: recordOf(1, { instance }), text: "" }], NAME);
    expect(key).toMatch(/^audit\/[A-Za-z0-9_.-]+\/2026\/01\/31\//);
    expect(key.split("/")).not.toContain("..");
  }
});
