import { describe, expect, it } from "vitest";
import { globMatches } from "./glob.ts";

describe("a glob", () => {
  it.each([
    ["*", "", true],
    ["a?c", "a?c", true],
    ["*", "anything/at all", true],
    ["math", "math", true],
    ["math", "maths", false],
    ["math", "Math", false],
    ["m?th", "math", true],
    ["m?th", "mth", false],
    ["get_*", "get_user", true],
    ["get_*", "forget_user", false],
    ["*_user", "get_user", true],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["**", "x", true],
    ["*?", "", false],
    ["a.c", "abc", false],
    ["[ab]", "a", false],
    ["(a|b)", "(a|b)", true],
    ["", "", true],
    ["", "x", false],
    ["x*", "x\ny", true],
  ])("%j and the name %j: %s", (glob, name, expected) => {
    expect(globMatches(glob, name)).toBe(expected);
  });

  it("takes no exponential time, whatever a caller types", () => {
    const glob = "*a".repeat(100);
    const started = performance.now();
    for (let round = 0; round < 20; round++) expect(globMatches(`${glob}b`, "a".repeat(1_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("does not match a name that no server would list", () => {
    expect(globMatches("*", "x".repeat(1_000_000))).toBe(false);
  });
});
