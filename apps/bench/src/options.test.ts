import { expect, test } from "vitest";
import { helpText, parseOptions } from "./options.ts";
import { scenarios } from "./scenarios/index.ts";

test("a modern load generator gets an upstream that a direct client can talk to", () => {
  expect(parseOptions(["--era", "modern"])).toMatchObject({ options: { upstreamEras: ["legacy", "modern"] } });
  expect(parseOptions([])).toMatchObject({ options: { era: "legacy", upstreamEras: ["legacy"], rounds: 5 } });
});

test("who asks for the scenario of the peers asks for peers", () => {
  expect(parseOptions(["--only", "memory,peers"])).toMatchObject({ options: { peers: true } });
  expect(parseOptions(["--only", "memory"])).toMatchObject({ options: { peers: false } });
});

test("paths are those of the folder in which the user stands", () => {
  const files = { json: "/there/run.json", page: "/elsewhere/page.md", from: undefined };
  expect(parseOptions(["--json", "run.json", "--page", "/elsewhere/page.md"], "/there")).toMatchObject({ files });
});

test("the help names every scenario", () => {
  for (const { name } of scenarios) expect(helpText).toContain(name);
});

test.each([
  [["--seconds", "0"], "--seconds is 0"],
  [["--rounds", "many"], "--rounds is many"],
  [["--era", "ancient"], "--era is ancient; give one of legacy, modern"],
  [["--fast"], "--fast"],
  [["--peers", "--era", "modern"], "--peers goes with --era legacy"],
  [["--from", "run.json"], "--from goes with --page"],
])("%j is refused with the option's name", (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

test("the help names every option", () => {
  for (const name of "quick seconds rounds only contenders peers era upstream profile json page from".split(" ")) {
    expect(helpText).toContain(`--${name}`);
  }
});
