import { auditRecordOf, callFacts, EventIds, type HangarEvent, type HangarEventType } from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { describe, expect, test } from "vitest";
import { entryOf } from "../history/entries.ts";
import { callLine } from "../logging/call-line.ts";
import { eventLine } from "../logging/event-line.ts";
import type { LogLine } from "../logging/line.ts";
import { EVENT_TYPES, viewOf, writeView } from "../management/events/event-view.ts";
import { FACTS } from "./fact-table.ts";
import { factsReference, metricsOf } from "./facts-reference.ts";

const ids = new EventIds("run");
const events = sampleEvents();
const types = Object.keys(FACTS) as HangarEventType[];

function samplesOf(type: HangarEventType): readonly HangarEvent[] {
  const samples = events.filter((event) => event.type === type);
  expect(samples.length, `samples of ${type}`).toBeGreaterThan(0);
  return samples;
}

function lineOf(event: HangarEvent): LogLine {
  return event.type === "call.finished" ? callLine(callFacts(event)) : eventLine(event);
}

describe.each(types)("what is promised of %s", (type) => {
  const { log, history, audit } = FACTS[type];

  test("is what its lines in the log are called, at these levels", () => {
    for (const event of samplesOf(type)) {
      const { event: name, level } = lineOf(event);
      expect(Object.keys(log)).toContain(name);
      expect(log[name]).toContain(level);
    }
  });

  test("is what the history keeps", () => {
    for (const event of samplesOf(type)) {
      const entry = entryOf(event);
      expect(entry?.kind === "log" ? "line" : entry?.kind).toBe(history);
    }
  });

  test("are the audit records that there are, all of them", () => {
    const found = samplesOf(type).flatMap((event) => auditRecordOf(event, { id: "1", instance: "here" })?.type ?? []);
    expect([...new Set(found)].sort()).toEqual([...audit].sort());
  });

  test("is in the event stream, with the id of the audit record", () => {
    for (const event of samplesOf(type)) {
      // What was written is an object.
      const shown = JSON.parse(writeView(viewOf(event, ids))) as Record<string, unknown>;
      expect(shown).toMatchObject({ type, time: "2026-01-31T08:00:00.123Z" });
      const record = auditRecordOf(event, { id: ids.of(event), instance: "here" });
      if (record !== undefined) expect(shown.event_id).toBe(record.id);
    }
  });

  test("stands in the page, with the metrics that are derived from it", () => {
    const row = factsReference()
      .split("\n")
      .find((line) => line.includes(`| \`${type}\` |`));
    for (const name of [...Object.keys(log), ...metricsOf(type), ...audit]) expect(row).toContain(`\`${name}\``);
  });
});

test("the stream has the types of the table, and what stands in for many events", () => {
  expect([...EVENT_TYPES].sort()).toEqual([...types, "events.repeated"].sort());
});

test("nothing in a record, line or view of an event is what a tool was given or gave", () => {
  for (const event of events) {
    const everywhere = [
      lineOf(event),
      entryOf(event),
      writeView(viewOf(event, ids)),
      auditRecordOf(event, { id: "1", instance: "here" }),
    ];
    expect(JSON.stringify(everywhere)).not.toContain("canary");
  }
});
