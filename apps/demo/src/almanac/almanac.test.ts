import { describe, expect, it } from "vitest";
import { greatCircle } from "./distance.ts";
import { sunTimes } from "./sun.ts";
import { convert } from "./units.ts";

describe("sun times", () => {
  const minutesFrom = (date: Date, expected: string): number =>
    Math.abs(date.getTime() - Date.parse(expected)) / 60_000;

  it.each([
    ["Berlin at midsummer", 52.52, 13.405, "2026-06-21", "2026-06-21T02:43:00Z", "2026-06-21T19:33:00Z"],
    ["Berlin at midwinter", 52.52, 13.405, "2026-12-21", "2026-12-21T07:15:00Z", "2026-12-21T14:54:00Z"],
    ["Quito at the equinox", -0.18, -78.467, "2026-03-20", "2026-03-20T11:18:00Z", "2026-03-20T23:25:00Z"],
  ])("of %s are right to a few minutes", (_name, latitude, longitude, day, sunrise, sunset) => {
    const times = sunTimes({ latitude, longitude }, new Date(`${day}T12:00:00Z`));
    if (times.kind !== "rises") throw new Error(times.kind);
    expect(minutesFrom(times.sunrise, sunrise)).toBeLessThan(4);
    expect(minutesFrom(times.sunset, sunset)).toBeLessThan(4);
  });

  it("know the polar day and the polar night", () => {
    const tromso = { latitude: 69.65, longitude: 18.96 };
    expect(sunTimes(tromso, new Date("2026-06-21T12:00:00Z")).kind).toBe("polar_day");
    expect(sunTimes(tromso, new Date("2026-12-21T12:00:00Z")).kind).toBe("polar_night");
  });
});

it("the distance from Paris to New York is 5 837 km, north-west at first", () => {
  const { kilometres, bearing } = greatCircle(
    { latitude: 48.8566, longitude: 2.3522 },
    { latitude: 40.7128, longitude: -74.006 },
  );
  expect(kilometres).toBeCloseTo(5_837, -1);
  expect(bearing).toBeCloseTo(291.8, 0);
});

it.each([
  [1, "mi", "km", 1.609344],
  [100, "C", "F", 212],
  [-40, "F", "C", -40],
  [0, "K", "C", -273.15],
  [1, "lb", "g", 453.59237],
  [1, "kg", "km", undefined],
] as const)("%d %s in %s is %s", (value, from, to, expected) => {
  expect(convert(value, from, to)).toBe(expected);
});
