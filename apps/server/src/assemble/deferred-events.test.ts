import { fakePlatform } from "@mcp-hangar/core/testing";
import type { HangarEvent } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { expect, it } from "vitest";
import { DeferredEvents } from "./deferred-events.ts";

const [first, second, third] = [
  sampleEvent("call.finished"),
  sampleEvent("session.opened"),
  sampleEvent("access.denied"),
];

it("events are handed on in the next turn, in their order, and each once", () => {
  const turns: (() => void)[] = [];
  const heard: HangarEvent[] = [];
  const deferred = new DeferredEvents((event) => void heard.push(event), { defer: (turn) => void turns.push(turn) });
  deferred.listener(first);
  deferred.listener(second);
  expect(heard).toEqual([]);
  expect(turns).toHaveLength(1);
  turns.shift()?.();
  expect(heard).toEqual([first, second]);
  deferred.listener(third);
  deferred.drain();
  expect(heard).toEqual([first, second, third]);
  turns.shift()?.();
  expect(heard).toHaveLength(3);
});

it("the clock of a gateway hands them on by itself", async () => {
  const heard: HangarEvent[] = [];
  const { clock } = fakePlatform();
  new DeferredEvents((event) => void heard.push(event), clock).listener(first);
  await expect.poll(() => heard).toEqual([first]);
});
