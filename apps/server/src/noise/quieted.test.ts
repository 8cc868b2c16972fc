import { FakeClock } from "@mcp-hangar/core/testing";
import { type AuthenticationFailure, type Caller, type HangarEvent, registeredName } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { quieted } from "./quieted.ts";
import type { RecordedEvent } from "./recorded-event.ts";

let clock: FakeClock;
let told: RecordedEvent[];
let listen: (event: HangarEvent) => void;

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  listen = quieted((event) => told.push(event), clock);
});

const failed = (remoteAddress: string, reason: AuthenticationFailure = "unknown_api_key"): HangarEvent => {
  return { type: "authentication.failed", timeMs: 0, door: "mcp", reason, remoteAddress };
};

const limited = (name: string): HangarEvent => {
  const caller: Caller = { type: "api_key", id: registeredName(name), roles: [], credential: `api_key:${name}` };
  return { ...sampleEvent("operation.finished"), caller, outcome: "rate_limited" };
};

const repeated = (): readonly RecordedEvent[] => told.filter(({ type }) => type === "events.repeated");
const counted = (): number =>
  repeated().reduce((sum, event) => sum + (event.type === "events.repeated" ? event.count : 0), 0);

describe("noise", () => {
  it("is told one by one at first, then counted, and forgotten when it ends", () => {
    for (let event = 0; event < 721; event++) listen(failed("192.0.2.1"));
    expect(told).toHaveLength(10);
    clock.advance(1_000);
    expect(told).toHaveLength(11);
    expect(told[10]).toEqual({
      type: "events.repeated",
      timeMs: clock.wallMs(),
      of: "authentication.failed",
      reason: "unknown_api_key",
      caller: undefined,
      remoteAddress: "192.0.2.1",
      count: 711,
      seconds: 1,
    });
    for (let event = 0; event < 5; event++) listen(failed("192.0.2.1"));
    expect(told).toHaveLength(12);
    clock.advance(1_000);
    expect(told.at(-1)).toMatchObject({ type: "events.repeated", count: 4 });
    clock.advance(1_000);
    expect([told.length, clock.pendingTimers]).toEqual([13, 0]);
    listen(failed("192.0.2.1"));
    expect(told).toHaveLength(14);
  });

  it("hides nothing that differs: another source, another reason, another event", () => {
    for (let event = 0; event < 1_000; event++) listen(failed("192.0.2.1"));
    const others = [
      failed("192.0.2.2"),
      failed("192.0.2.1", "expired_token"),
      limited("alice"),
      { type: "server.unregistered", timeMs: 0, server: registeredName("math") },
    ] as const;
    for (const event of others) listen(event);
    expect(told.slice(10)).toEqual(others);
  });

  it.each([
    ["has too many requests open", { status: "error", errorType: "overloaded", message: "" }],
    ["leaves before its body has come", { status: "cancelled", message: "" }],
  ] as const)("is what a caller sends who %s, and no request of a method", (_who, outcome) => {
    const left = { ...sampleEvent("request.finished"), outcome };
    for (let event = 0; event < 100; event++) listen({ ...left, method: "_other" });
    expect(told).toHaveLength(10);
    for (let event = 0; event < 100; event++) listen({ ...left, method: "tools/list" });
    expect(told).toHaveLength(110);
  });

  it("of a network of IPv6 is of one source", () => {
    for (let host = 0; host < 1_000; host++) listen(failed(`2001:db8:1:2::${host.toString(16)}`));
    expect(told).toHaveLength(10);
  });

  it("from any number of sources is bounded, and every event is told or counted", () => {
    const events = 20_000;
    for (let event = 0; event < events; event++) {
      listen(failed(`10.${event >> 16}.${(event >> 8) & 255}.${event & 255}`));
      if (event % 2_000 === 0) clock.advance(1_000);
    }
    clock.advance(2_000);
    const single = told.length - repeated().length;
    expect(single + counted()).toBe(events);
    // Ten windows, 32 sources told apart and one for the rest.
    expect(told.length).toBeLessThan(11 * 33 * 11);
    expect(clock.pendingTimers).toBe(0);
    // Callers are told apart from strangers, however many strangers there are.
    listen(limited("alice"));
    expect(told.at(-1)).toMatchObject({ type: "operation.finished" });
  });

  it("that was counted is told before the gateway stops", () => {
    for (let event = 0; event < 100; event++) listen(failed("192.0.2.1"));
    listen({ type: "gateway.stopped", timeMs: 0, uptimeSeconds: 1 });
    expect(told.slice(10).map(({ type }) => type)).toEqual(["events.repeated", "gateway.stopped"]);
    expect(counted()).toBe(90);
  });
});
