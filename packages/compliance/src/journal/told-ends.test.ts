import type { CallFinished } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { expect, test } from "vitest";
import { ToldEnds } from "./told-ends.ts";

const endOf = (callId: string): CallFinished => ({ ...sampleEvent("call.finished"), callId });

test("an end is known again in the same turn and later, also when others come between", () => {
  const told = new ToldEnds();
  const [one, two, three] = [endOf("1"), endOf("2"), endOf("3")];
  expect(told.tellingOf(one)).toBeUndefined();
  told.rememberLatest(one);
  expect(told.tellingOf(two)).toBeUndefined();
  told.rememberLatest(two);
  expect([one, two].map((each) => told.tellingOf(each))).toEqual([true, true]);
  told.rememberLatest(three);
  expect(told.tellingOf(one)).toBe(true);
  told.letGo();
  expect([one, three].map((each) => told.tellingOf(each))).toEqual([true, true]);
});

test("whoever waits for an end gets the promise of the first to tell", () => {
  const told = new ToldEnds();
  const end = endOf("1");
  const durable = Promise.resolve(true);
  told.remember(end, durable);
  told.rememberLatest(endOf("2"));
  expect(told.tellingOf(end)).toBe(durable);
});
