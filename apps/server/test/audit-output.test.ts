import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as compliance from "@mcp-hangar/compliance";
import { nodePlatform } from "@mcp-hangar/core";
import { type AuditRecord, auditRecordOf, EventIds } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFormat } from "../src/compliance/create-format.ts";
import { RECORD_FORMATS } from "../src/compliance/record-formats.ts";
import { runCommand } from "./run-command.ts";

/** What callers may type for the name of a tool, to forge records, to command a terminal or to break what reads an export. */
const HOSTILE = [
  "a\n2026-01-01T00:00:00.000Z  1  tool.call.completed  success  root  forged",
  "a\r\nb\tc",
  "\u001b]0;title\u0007\u001b[2K\u009b1A",
  "\u202eflow\u2066 \u200e \ufeff \u{e0041}",
  'a"},{"type":"forged"}',
  "line\u2028separator\u2029and\u0085more\u007f",
] as const;
const OBEYED = /(?!\n)[\p{Cc}\u200e\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

const folder = mkdtempSync(join(tmpdir(), "hangar-audit-output-"));
let entries: readonly compliance.ReadLine[];

beforeAll(async () => {
  const ids = new EventIds("run");
  const random = () => nodePlatform.random();
  const journal = new compliance.AuditJournal({
    folder,
    consumers: [],
    instance: "run",
    ids,
    clock: nodePlatform.clock,
    random,
    waitMs: 60_000,
  });
  await journal.open();
  for (const text of HOSTILE) {
    const event = { ...sampleEvent("request.finished"), method: "prompts/get" as const, subject: text };
    const record = auditRecordOf(event, { id: ids.of(event), instance: "run" });
    // As a journal of another release may have it: no limit has been applied.
    const raw: AuditRecord | undefined = record && {
      ...record,
      target: { ...record.target, name: text },
      message: text,
    };
    expect(raw !== undefined && (await journal.record(raw))).toBe(true);
  }
  await journal.close(60_000);
  const read: compliance.ReadLine[] = [];
  for await (const line of compliance.readJournal(folder)) read.push(line);
  entries = read;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function lines(...args: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runCommand(["audit", ...args, "--journal", folder]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.endsWith("\n")).toBe(true);
  return stdout.slice(0, -1).split("\n");
}

test.each(["search", "tail"])("audit %s prints one line a record, whatever records say", async (command) => {
  const printed = await lines(command);
  expect(printed).toHaveLength(entries.length);
  expect(printed.join("\n")).not.toMatch(OBEYED);
  const json = await lines(command, "--json");
  expect(json.map((line) => JSON.parse(line) as unknown)).toEqual(
    entries.map(({ record, place }) => ({ ...record, ...place })),
  );
  expect(json.join("\n")).not.toMatch(OBEYED);
});

test.each(RECORD_FORMATS)("audit export writes %s as sinks get it", async (name) => {
  const format = createFormat(name, compliance);
  const expected = entries.map(({ record, place }) => format.encode({ record, place }));
  const exported = await lines("export", "--format", name);
  if (!format.mediaType.includes("json")) return expect(exported).toEqual(expected);
  // The same documents, with more of them as escapes.
  const documents = (texts: readonly string[]): readonly unknown[] => texts.map((text) => JSON.parse(text));
  expect(documents(exported)).toEqual(documents(expected));
  expect(exported.join("\n")).not.toMatch(OBEYED);
});
