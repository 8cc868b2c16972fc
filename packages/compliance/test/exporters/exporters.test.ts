import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SendOutcome } from "@mcp-hangar/delivery";
import { FakeClock, seededRandom } from "@mcp-hangar/delivery/testing";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AuditExporter,
  type AuditExporterOptions,
  type AuditFormat,
  type AuditSink,
  CEFExporter,
  CefFormat,
  JSONLinesExporter,
  JsonLinesFormat,
  LEEFExporter,
  LeefFormat,
  type SinkEntry,
  SyslogExporter,
  SyslogFormat,
} from "../../src/index.ts";
import { entriesWith } from "../formats/entries.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hangar-exporters-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A sink that appends lines to a file, after it has answered with these outcomes. */
class LineFile implements AuditSink {
  readonly name = "file";
  readonly acknowledged = false;
  isClosed = false;
  readonly attempts: (readonly SinkEntry[])[] = [];
  readonly #path: string;
  readonly #outcomes: SendOutcome[];

  constructor(path: string, outcomes: readonly SendOutcome[] = []) {
    this.#path = path;
    this.#outcomes = [...outcomes];
  }

  readonly send = async (batch: readonly SinkEntry[]): Promise<SendOutcome> => {
    this.attempts.push(batch);
    const outcome = this.#outcomes.shift();
    if (outcome !== undefined) return outcome;
    await appendFile(this.#path, batch.map(({ text }) => `${text}\n`).join(""));
    return { kind: "delivered" };
  };

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

const KINDS: readonly (readonly [string, (options: AuditExporterOptions) => AuditExporter, AuditFormat])[] = [
  ["CEFExporter", (options) => new CEFExporter(options), new CefFormat()],
  [
    "LEEFExporter",
    (options) => new LEEFExporter({ ...options, leef: { delimiter: "x09" } }),
    new LeefFormat({ delimiter: "x09" }),
  ],
  ["JSONLinesExporter", (options) => new JSONLinesExporter(options), new JsonLinesFormat()],
  [
    "SyslogExporter",
    (options) => new SyslogExporter({ ...options, syslog: { facility: 16 } }),
    new SyslogFormat({ facility: 16 }),
  ],
];

describe.each(KINDS)("%s", (kind, create, format) => {
  test("writes every record in its format, in order, without a gateway", async () => {
    const path = join(folder, kind);
    const sink = new LineFile(path);
    const exporter = create({ sink, clock: new FakeClock(), random: seededRandom(1) });
    const entries = entriesWith();
    expect(entries.every(({ record, place }) => exporter.export(record, place))).toBe(true);
    expect(await exporter.flush(1_000)).toBe(true);
    expect(await readFile(path, "utf8")).toBe(entries.map((entry) => `${format.encode(entry)}\n`).join(""));
    expect(exporter.snapshot()).toMatchObject({
      exporter: "file",
      signal: "audit",
      delivered: entries.length,
      queueSize: 0,
    });
    await exporter.close(1_000);
    expect(sink.isClosed).toBe(true);
  });
});

test("a batch that is tried again is encoded once, and the same for the sink", async () => {
  const clock = new FakeClock();
  const sink = new LineFile(join(folder, "retried"), [{ kind: "retry", reason: "io" }]);
  const exporter = new CEFExporter({ sink, clock, random: seededRandom(1) });
  for (const { record } of entriesWith().slice(0, 3)) exporter.export(record);
  expect(await exporter.flush(1_000)).toBe(false);
  await clock.advance(1_000);
  await poll("the file to have the batch", () => exporter.snapshot().delivered === 3);
  expect(sink.attempts).toHaveLength(2);
  expect(sink.attempts[1]).toBe(sink.attempts[0]);
});

test("what finds no room or comes too late is counted", async () => {
  const sink = new LineFile(join(folder, "full"));
  const limits = { recordsMax: 2, bytesMax: 1_000_000 };
  const exporter = new JSONLinesExporter({ sink, limits, clock: new FakeClock(), random: seededRandom(1) });
  const records = entriesWith().map(({ record }) => record);
  const [first, second, third] = records;
  if (first === undefined || second === undefined || third === undefined) throw new Error("there are three samples");
  expect([first, second, third].map((record) => exporter.export(record))).toEqual([true, true, false]);
  await exporter.close(1_000);
  expect(exporter.export(first)).toBe(false);
  expect(exporter.snapshot()).toMatchObject({ delivered: 2, dropped: { queue_full: 1, shutdown: 1 }, queueSize: 0 });
});
