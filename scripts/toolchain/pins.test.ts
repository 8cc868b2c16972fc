import { describe, expect, it } from "vitest";
import { isAtLeast, readPins } from "./pins.mjs";

describe("the pinned versions", () => {
  it("are exact for Node.js and pnpm, and the pinned Node.js is new enough for the packages", () => {
    const { node, pnpm, oldestNode } = readPins();
    expect(node).toMatch(/^\d+\.\d+\.\d+$/);
    expect(pnpm).toMatch(/^\d+\.\d+\.\d+$/);
    expect(isAtLeast(node, oldestNode)).toBe(true);
  });

  it.each([
    ["24.21.0", "22.19", true],
    ["v22.19.0", "22.19", true],
    ["22.18.9", "22.19", false],
    ["22.9.0", "22.19", false],
    ["20.20.2", "22.19", false],
    ["100.0.0", "22.19", true],
    ["22.19.0-nightly", "22.19", true],
  ])("compare %s with %s as numbers: %s", (version, oldest, fits) => {
    expect(isAtLeast(version, oldest)).toBe(fits);
  });
});
