import { describe, expect, test } from "vitest";
import { detections, misjudged } from "./detections.ts";

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees burn-rate alerts fire when they are computed to", { timeout: 240_000 }, async () => {
    expect(await misjudged(detections)).toEqual([]);
  });
});
