import { expect, test } from "vitest";
import { EventIds, ownEventId } from "./event-ids.ts";
import { sampleEvents } from "./testing/index.ts";

test("an event has the same id whoever asks, and no other event has it", () => {
  const events = sampleEvents();
  const ids = new EventIds("run");
  const first = events.map((event) => ids.of(event));
  expect(events.toReversed().map((event) => ids.of(event))).toEqual(first.toReversed());
  expect(new Set(first).size).toBe(events.length);
});

test("an event that is the end of something has the id of that", () => {
  const ids = new EventIds("run");
  for (const event of sampleEvents()) {
    const own = ownEventId(event);
    if (own !== undefined) expect(ids.of(event)).toBe(own);
  }
  const ends = new Set(sampleEvents().flatMap((event) => (ownEventId(event) === undefined ? [] : [event.type])));
  expect(ends).toEqual(
    new Set(["call.finished", "request.finished", "task.finished", "operation.finished", "batch.finished"]),
  );
});

test("two runs give equal events different ids", () => {
  const event = { type: "gateway.started", timeMs: 1, version: "1" } as const;
  expect(new EventIds("one").of(event)).not.toBe(new EventIds("two").of(event));
});
