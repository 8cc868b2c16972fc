import { expect, test } from "vitest";
import { selfTimes } from "./cpu-profile.ts";

test("own time is added up a function, only between the two moments", () => {
  const frame = (functionName: string): { functionName: string; url: string; lineNumber: number } => ({
    functionName,
    url: "file:///home/someone/checkout/packages/core/dist/call.js",
    lineNumber: 9,
  });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame("settle") },
      { id: 2, callFrame: frame("admit") },
      { id: 3, callFrame: frame("settle") },
    ],
    startTime: 0,
    samples: [1, 2, 3, 1, 2],
    timeDeltas: [1_000, 1_000, 1_000, 1_000, 1_000],
  };
  expect(selfTimes(profile, 1_500, 4_500)).toEqual([
    { name: "settle", place: "packages/core/dist/call.js:10", milliseconds: 2 },
    { name: "admit", place: "packages/core/dist/call.js:10", milliseconds: 1 },
  ]);
});
