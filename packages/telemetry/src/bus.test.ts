import { describe, expect, test } from "vitest";
import { TelemetryBus } from "./bus.ts";
import type { HangarEvent } from "./events.ts";

const event: HangarEvent = { type: "gateway.started", timeMs: 1, version: "1.0.0" };

describe("TelemetryBus", () => {
  test("hands one and the same event to every listener, in the order of subscription", () => {
    const bus = new TelemetryBus();
    const seen: [string, HangarEvent][] = [];
    bus.on("first", (received) => seen.push(["first", received]));
    bus.on("second", (received) => seen.push(["second", received]));
    bus.emit(event);
    expect(seen).toEqual([
      ["first", event],
      ["second", event],
    ]);
    expect(seen[0]?.[1]).toBe(event);
  });

  test("isolates a listener that throws: the emitter and the other listeners do not notice", () => {
    const bus = new TelemetryBus();
    const seen: HangarEvent[] = [];
    bus.on("broken", () => {
      throw new Error("boom");
    });
    bus.on("sound", (received) => seen.push(received));
    expect(() => bus.emit(event)).not.toThrow();
    expect(seen).toEqual([event]);
  });

  test("counts each exception under the listener's name and reports it", () => {
    const reported: [string, unknown][] = [];
    const bus = new TelemetryBus((listener, error) => reported.push([listener, error]));
    const error = new Error("boom");
    bus.on("sound", () => {});
    bus.on("broken", () => {
      throw error;
    });
    bus.emit(event);
    bus.emit(event);
    expect(bus.listeners()).toEqual([
      { listener: "sound", errors: 0 },
      { listener: "broken", errors: 2 },
    ]);
    expect(reported).toEqual([
      ["broken", error],
      ["broken", error],
    ]);
  });

  test("survives an error reporter that throws itself", () => {
    const bus = new TelemetryBus(() => {
      throw new Error("the logger is broken too");
    });
    const seen: HangarEvent[] = [];
    bus.on("broken", () => {
      throw new Error("boom");
    });
    bus.on("sound", (received) => seen.push(received));
    expect(() => bus.emit(event)).not.toThrow();
    expect(seen).toHaveLength(1);
    expect(bus.listeners()[0]).toEqual({ listener: "broken", errors: 1 });
  });

  test("keeps the error count of a name across unsubscription and a second subscription", () => {
    const bus = new TelemetryBus();
    const fail = () => {
      throw new Error("boom");
    };
    const unsubscribe = bus.on("flaky", fail);
    bus.emit(event);
    unsubscribe();
    bus.emit(event);
    expect(bus.listeners()).toEqual([{ listener: "flaky", errors: 1 }]);
    bus.on("flaky", fail);
    bus.emit(event);
    expect(bus.listeners()).toEqual([{ listener: "flaky", errors: 2 }]);
  });

  test("unsubscribes only its own subscription, also when a listener is subscribed twice", () => {
    const bus = new TelemetryBus();
    let calls = 0;
    const listener = () => {
      calls += 1;
    };
    const unsubscribe = bus.on("twice", listener);
    bus.on("twice", listener);
    unsubscribe();
    unsubscribe();
    bus.emit(event);
    expect(calls).toBe(1);
  });

  test("does not skip a listener when an earlier one unsubscribes itself during emit", () => {
    const bus = new TelemetryBus();
    const seen: string[] = [];
    const unsubscribe = bus.on("once", () => {
      seen.push("once");
      unsubscribe();
    });
    bus.on("always", () => seen.push("always"));
    bus.emit(event);
    bus.emit(event);
    expect(seen).toEqual(["once", "always", "always"]);
  });

  test("tells a listener subscribed during emit from the next event on", () => {
    const bus = new TelemetryBus();
    let late = 0;
    bus.on("subscriber", () => {
      if (late === 0) bus.on("late", () => (late += 1));
    });
    bus.emit(event);
    expect(late).toBe(0);
    bus.emit(event);
    expect(late).toBe(1);
  });

  test("delivers an event emitted by a listener before it returns to that listener", () => {
    const bus = new TelemetryBus();
    const seen: string[] = [];
    bus.on("chain", (received) => {
      if (received.type !== "gateway.started") return;
      bus.emit({ type: "gateway.stopped", timeMs: 2, uptimeSeconds: 1 });
      seen.push("after the nested emit");
    });
    bus.on("observer", (received) => seen.push(received.type));
    bus.emit(event);
    expect(seen).toEqual(["gateway.stopped", "after the nested emit", "gateway.started"]);
  });
});
