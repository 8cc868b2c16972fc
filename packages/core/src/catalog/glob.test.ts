import { describe, expect, it } from "vitest";
import { Glob, globMatches } from "./glob.ts";

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

  it("agrees with a regular expression for every short glob and name", () => {
    const words = (alphabet: string, length: number): string[] =>
      length === 0
        ? [""]
        : words(alphabet, length - 1).flatMap((word) => [word, ...Array.from(alphabet, (c) => word + c)]);
    const names = [...new Set(words("ab", 5))];
    for (const glob of new Set(words("ab*?", 4))) {
      const expression = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      for (const name of names) expect(globMatches(glob, name), `${glob} ${name}`).toBe(expression.test(name));
    }
  });

  it.each([
    ["one star after another", "*a".repeat(60)],
    ["a long piece", `*${"a".repeat(120)}b`],
    ["a long piece with a question mark", `*${"a".repeat(120)}?b*`],
    ["many pieces with question marks", "*?a?a?b".repeat(30)],
  ])("takes steps in proportion to both lengths at most: %s", (_what, text) => {
    const steps = (name: string): number => {
      const budget = { steps: 1_000_000 };
      new Glob(text).matches(name, budget);
      return 1_000_000 - budget.steps;
    };
    expect(steps("a".repeat(256))).toBeLessThanOrEqual(256 * text.length);
    expect(steps("a".repeat(256))).toBeLessThanOrEqual(3 * steps("a".repeat(128)) + 40_000);
  });

  it("does not match a name that no server would list", () => {
    expect(globMatches("*", "x".repeat(1_000_000))).toBe(false);
  });
});
