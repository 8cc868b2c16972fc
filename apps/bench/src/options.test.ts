import { expect, test } from "vitest";
import { helpText, parseOptions } from "./options.ts";

test("a modern load generator gets an upstream that a direct client can talk to", () => {
  expect(parseOptions(["--era", "modern"])).toMatchObject({ options: { upstreamEras: ["legacy", "modern"] } });
  expect(parseOptions([])).toMatchObject({ options: { era: "legacy", upstreamEras: ["legacy"], rounds: 5 } });
});

test.each([
  [["--seconds", "0"], "--seconds is 0"],
  [["--rounds", "many"], "--rounds is many"],
  [["--era", "ancient"], "--era is ancient; give one of legacy, modern"],
  [["--fast"], "--fast"],
])("%j is refused with the option's name", (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

test("the help names every option", () => {
  for (const name of ["quick", "seconds", "rounds", "only", "contenders", "era", "upstream", "profile", "json"]) {
    expect(helpText).toContain(`--${name}`);
  }
});
