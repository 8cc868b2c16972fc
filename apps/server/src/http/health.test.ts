import { FakeClock } from "@mcp-hangar/core/testing";
import { registeredName, type ServerSnapshot, type ServerStateName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import type { Answer } from "./answer.ts";
import { Health, type HealthCheck, type HealthStatus } from "./health.ts";
import { fleetCheck } from "./readiness-checks.ts";

const body = (answer: Answer): Record<string, unknown> & { status: string; checks: Record<string, unknown>[] } =>
  JSON.parse(String(answer.body)) as ReturnType<typeof body>;

const check = (status: HealthStatus): HealthCheck => ({ name: status, run: () => ({ status }) });

describe("the probes", () => {
  it.each([
    ["starting", 200, 503, 503],
    ["serving", 200, 200, 200],
    ["stopping", 200, 200, 503],
  ] as const)("while %s answer live %d, startup %d, ready %d", (phase, live, startup, ready) => {
    const health = new Health(new FakeClock(), "1.2.3", []);
    health.phase = phase;
    expect([health.live().status, health.startup().status, health.ready().status]).toEqual([live, startup, ready]);
  });

  it("have the shape that dashboards read", () => {
    const clock = new FakeClock();
    const slow: HealthCheck = {
      name: "slow",
      run() {
        clock.advance(12);
        return { status: "healthy" };
      },
    };
    const health = new Health(clock, "1.2.3", [slow]);
    health.phase = "serving";
    clock.advance(1_500);
    expect(body(health.ready())).toEqual({
      status: "healthy",
      checks: [
        { name: "listeners", status: "healthy", duration_ms: 0 },
        { name: "accepting", status: "healthy", duration_ms: 0 },
        { name: "slow", status: "healthy", duration_ms: 12 },
      ],
      version: "1.2.3",
      uptime_seconds: 1.512,
    });
  });

  it.each([
    [[], "healthy", 200],
    [["healthy"], "healthy", 200],
    [["healthy", "degraded"], "degraded", 200],
    [["degraded", "unhealthy", "healthy"], "unhealthy", 503],
  ] as const)("with the checks %j are %s, %d", (statuses, status, code) => {
    const health = new Health(new FakeClock(), "1", statuses.map(check));
    health.phase = "serving";
    const answer = health.ready();
    expect([body(answer).status, answer.status]).toEqual([status, code]);
  });

  it("survive a check that throws, and are not ready because of it", () => {
    const broken: HealthCheck = {
      name: "broken",
      run() {
        throw new Error("no disk");
      },
    };
    const health = new Health(new FakeClock(), "1", [broken]);
    health.phase = "serving";
    expect(health.ready().status).toBe(503);
    expect(body(health.ready()).checks.at(-1)).toMatchObject({
      name: "broken",
      message: expect.stringContaining("no disk"),
    });
  });
});

describe("readiness", () => {
  const fleet = (...states: ServerStateName[]): ServerSnapshot[] =>
    // The check reads nothing but id and state.
    states.map((state, index) => ({ id: registeredName(`s${index}`), state }) as ServerSnapshot);

  it.each([
    [[], "healthy"],
    [["cold", "cold"], "healthy"],
    [["initializing", "ready"], "healthy"],
    [["ready", "dead"], "degraded"],
    [["degraded", "dead"], "degraded"],
  ] as const)("of a fleet %j is %s", (states, status) => {
    expect(fleetCheck(() => fleet(...states)).run().status).toBe(status);
  });

  it("names no server to who probes", () => {
    const { message } = fleetCheck(() => fleet("ready", "dead", "degraded")).run();
    expect(message).toContain("2 of the servers");
    expect(message).not.toMatch(/\bs\d\b/);
  });
});
