import { expect, it } from "vitest";
import { MemberHealth } from "./member-health.ts";

const health = (): MemberHealth => new MemberHealth({ unhealthy_threshold: 3, healthy_threshold: 2 });

function observe(tested: MemberHealth, text: string): boolean {
  for (const letter of text) tested.observe(letter === "+" ? "success" : letter === "-" ? "failure" : "neutral");
  return tested.healthy;
}

it.each([
  ["", true],
  ["--", true],
  ["---", false],
  ["--+--", true],
  ["--0-", false],
  ["---+", false],
  ["---++", true],
  ["---+-+", false],
  ["---+0+", true],
  ["---+++--", true],
  ["---+++---", false],
])("after %j a member with the thresholds 3 and 2 is healthy: %s", (history, healthy) => {
  expect(observe(health(), history)).toBe(healthy);
});

it("takes over a judgement, and goes on by its own thresholds", () => {
  const old = health();
  observe(old, "---");
  const next = new MemberHealth({ unhealthy_threshold: 1, healthy_threshold: 1 });
  next.inherit(old);
  expect([next.healthy, next.failures, next.successes]).toEqual([false, 3, 0]);
  expect(observe(next, "+")).toBe(true);
});
