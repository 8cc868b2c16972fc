import { expect, test } from "vitest";
import { sampleEvents } from "../testing/index.ts";
import { auditRecordOf } from "./audit-record.ts";
import { auditOriginOf, auditRecordBytes } from "./audit-waiting.ts";

const records = sampleEvents().flatMap((event) => auditRecordOf(event, { id: "id", instance: "run" }) ?? []);

test("what was refused has its type, credential and address for an origin, and what was allowed has none", () => {
  const refused = records.filter((record) => auditOriginOf(record) !== undefined);
  const types = new Set(refused.map(({ type }) => type));
  for (const type of ["tool.call.denied", "tool.call.invalid", "access.denied", "authentication.failed"] as const) {
    expect(types, type).toContain(type);
  }
  for (const record of refused) {
    const { type, actor } = record;
    expect(auditOriginOf(record)).toBe(`${type} ${actor.credential ?? ""} ${actor.address ?? ""}`);
    expect(["denied", "failure"]).toContain(record.outcome);
  }
  for (const { outcome, type } of records.filter((record) => auditOriginOf(record) === undefined)) {
    expect(outcome, type).not.toBe("denied");
  }
});

test("texts of any length count for the size of a record", () => {
  const [record] = records;
  if (record === undefined) throw new Error("there are samples");
  const long = "x".repeat(10_000);
  const bytes = auditRecordBytes({ ...record, attempts: [], message: "" });
  expect(bytes).toBeGreaterThan(JSON.stringify({ ...record, attempts: [] }).length);
  expect(auditRecordBytes({ ...record, attempts: [], message: long })).toBe(bytes + 10_000);
  expect(auditRecordBytes({ ...record, attempts: [], message: "", change: { before: long, after: long } })).toBe(
    bytes + 20_000,
  );
});
