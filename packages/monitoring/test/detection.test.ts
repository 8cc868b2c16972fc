import { describe, expect, test } from "vitest";
import { toSeconds } from "../src/promql/duration.ts";
import { detectionSeconds } from "../src/slo/detection.ts";
import { burnThreshold } from "../src/slo/slos.ts";
import { detections, misjudged, stack } from "./detections.ts";

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees burn-rate alerts of a total outage fire when they are computed to", { timeout: 240_000 }, async () => {
    const total = detections.filter(({ errorRatio }) => errorRatio === 1);
    expect(total).toHaveLength(stack.slos.flatMap(({ windows }) => windows).length);
    expect(await misjudged(total)).toEqual([]);
  });
});

test("a share that the objective allows is never detected", () => {
  for (const { slo, window } of detections) {
    expect(detectionSeconds(slo, window, burnThreshold(slo, window), 300)).toBeUndefined();
    expect(detectionSeconds(slo, window, 0, 0)).toBeUndefined();
  }
});

test("a total outage is detected after the share of the long window that is allowed to be bad", () => {
  const [availability] = stack.slos;
  const [page] = availability?.windows ?? [];
  if (availability === undefined || page === undefined) throw new Error("there is no SLO");
  // 14.4 × 0.1 % of an hour, and then the two minutes of `for`.
  expect(detectionSeconds(availability, page, 1, 0)).toBeCloseTo(0.0144 * 3_600 + toSeconds("2m"), 9);
});
