import { expect, test } from "vitest";
import { bucketLabel } from "./define.ts";

test.each([
  [3, "3.0"],
  [300, "300.0"],
  [0.5, "0.5"],
  [0.0005, "0.0005"],
  [Number.POSITIVE_INFINITY, "+Inf"],
])("the boundary %d is spelt %s, as Prometheus stores it", (boundary, label) => {
  expect(bucketLabel(boundary)).toBe(label);
});
