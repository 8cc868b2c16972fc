import { catalog } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { defaultStack } from "../defaults.ts";
import { calling, counting, level, scraped } from "./incident.ts";
import { partsOf } from "./parts.ts";
import { touchedRules } from "./touched.ts";

const stack = defaultStack;
const up = scraped(1);
const calls = calling({}, [1, 1, 1]);
const failures = level(catalog.healthCheckConsecutiveFailures, { mcp_server: "files" }, [1, 0]);
const breaker = level(catalog.circuitBreakerState, { mcp_server: "files" }, [1, 0]);
const requests = counting(catalog.requests, { mcp_server: "files", method: "tools/list", status: "error" }, [1, 1]);
const series = [up, ...calls, failures, breaker, requests];
const touched = touchedRules(stack, series);
const parts = partsOf(touched, series);

/** Series of the part of an alert. */
function seriesOf(id: string) {
  const own = parts.filter(({ alerts }) => alerts.some((alert) => alert.id === id));
  expect(own).toHaveLength(1);
  return own[0]?.series;
}

describe("parts of rules", () => {
  it("hold each rule once, in its order", () => {
    for (const kind of ["alerts", "recordingRules"] as const) {
      const before: readonly object[] = touched[kind];
      const after = parts.flatMap((part): readonly object[] => part[kind]);
      expect(after.length).toBe(before.length);
      expect(new Set(after)).toEqual(new Set(before));
      for (const part of parts) {
        const places = part[kind].map((rule) => before.indexOf(rule));
        expect(places).toEqual(places.toSorted((one, other) => one - other));
      }
    }
  });

  it("have the series that their rules read, and no other", () => {
    expect(seriesOf("MCPHangarNotResponding")).toEqual([up]);
    expect(seriesOf("MCPHangarHighRequestErrorRate")).toEqual([requests]);
    expect(seriesOf("MCPHangarToolFailing")).toEqual(expect.arrayContaining([...calls]));
    expect(seriesOf("MCPHangarToolFailing")).not.toContain(up);
    expect(seriesOf("MCPHangarWatchdog")).toEqual([]);
  });

  it("keep an alert with those whose state it reads", () => {
    const read = ["MCPHangarCircuitBreakerTripped", "MCPHangarProviderUnhealthy"];
    expect(seriesOf("MCPHangarHighErrorRate")).toEqual(expect.arrayContaining([...calls, failures, breaker]));
    for (const id of read) expect(seriesOf(id)).toBe(seriesOf("MCPHangarHighErrorRate"));
  });

  it("keep alerts of one name together", () => {
    const names = parts.flatMap(({ alerts }) => [...new Set(alerts.map(({ name }) => name))]);
    expect(new Set(names).size).toBe(names.length);
  });

  it("have every record that their rules read", () => {
    for (const part of parts) {
      const alone = touchedRules(part, part.series);
      expect(alone.alerts).toEqual(part.alerts);
      expect(alone.recordingRules).toEqual(part.recordingRules);
    }
  });

  it("are the same for incidents that have it in common, whatever else happens in them", () => {
    const fewer = [up, failures];
    const ofUp = (all: typeof parts) => all.filter((part) => part.series.includes(up));
    expect(ofUp(partsOf(touchedRules(stack, fewer), fewer))).toEqual(ofUp(parts));
  });
});
