import { expect, test } from "vitest";
import { defaultStack } from "../defaults.ts";
import { alarming } from "../incidents/alarming.ts";
import { chance } from "./chance.ts";
import { fleets } from "./fleets.ts";
import { monthPage } from "./page.ts";
import { readResults } from "./results.ts";
import { trafficOf } from "./traffic.ts";

const results = readResults();
const { days, now } = results;

test("in a month without an incident nobody is paged", () => {
  expect(days).toBe(30);
  expect(Object.keys(now.months)).toEqual(fleets.map(({ name }) => name));
  expect(Object.values(now.months).flatMap((fired) => fired.filter(({ severity }) => severity === "critical"))).toEqual(
    [],
  );
});

test("every incident has been played, and is told", () => {
  expect(Object.keys(now.incidents)).toEqual(alarming.map(({ what }) => what));
  expect(Object.entries(now.incidents).filter(([, told]) => told.length === 0)).toEqual([]);
});

test("every alert that reaches a person has told an incident", () => {
  const told = new Set(Object.values(now.incidents).flatMap((detected) => detected.map(({ name }) => name)));
  const reaching = defaultStack.alerts.filter(({ severity }) => severity === "critical" || severity === "warning");
  expect(reaching.filter(({ name }) => !told.has(name)).map(({ name }) => name)).toEqual([]);
});

test("the alerts that fired are those that there are", () => {
  const names = new Set<string>(defaultStack.alerts.map(({ name }) => name));
  const fired = [...Object.values(now.months), ...Object.values(now.incidents)].flat();
  expect(fired.filter(({ name }) => !names.has(name))).toEqual([]);
});

test("the page in the docs has these results", async () => {
  await expect(monthPage(results)).toMatchFileSnapshot("../../../../docs/reference/false-pages.md");
});

test("chance is the same for the same seed, and as often as it is expected", () => {
  const drawn = (seed: number, expected: number): readonly number[] => {
    const by = chance(seed);
    return Array.from({ length: 20_000 }, () => by.times(expected));
  };
  expect(drawn(1, 3)).toEqual(drawn(1, 3));
  expect(drawn(1, 3)).not.toEqual(drawn(2, 3));
  for (const expected of [0.01, 3, 100]) {
    const mean = drawn(7, expected).reduce((sum, each) => sum + each, 0) / 20_000;
    // Six standard deviations of the mean.
    expect(Math.abs(mean - expected)).toBeLessThan(6 * Math.sqrt(expected / 20_000));
  }
});

test("a fleet has as many calls as it is said to have, and no counter falls but by a restart", () => {
  for (const fleet of fleets) {
    // Of few calls it takes longer until they are as many as expected.
    const minutes = (fleet.callsAMinute < 1 ? 15 : 1) * 1_440;
    const series = trafficOf(fleet, minutes);
    const started = new Set(
      series
        .filter(({ name }) => name === "process_start_time_seconds")
        .flatMap(({ values }) => [...values].map(([, value]) => value)),
    );
    let calls = 0;
    for (const { name, values } of series.filter((each) => each.name === "mcp_hangar_tool_calls_total")) {
      let [last, falls] = [0, 0];
      for (const [, value] of values) {
        if (value < last) falls++;
        calls += value < last ? value : value - last;
        last = value;
      }
      expect([name, falls < started.size]).toEqual([name, true]);
    }
    const expected = fleet.gateways * fleet.callsAMinute * minutes;
    expect(calls / expected, fleet.name).toBeGreaterThan(0.9);
    expect(calls / expected, fleet.name).toBeLessThan(1.15);
  }
});
