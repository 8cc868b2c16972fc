import type { GatewayStarted, GatewayStopped } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { RecordingBus } from "./recording-bus.ts";

const started = (version: string): GatewayStarted => ({ type: "gateway.started", timeMs: 0, version });
const stopped: GatewayStopped = { type: "gateway.stopped", timeMs: 0, uptimeSeconds: 1 };

describe("RecordingBus", () => {
  it("remembers events by type, in order, and still tells its listeners", () => {
    const bus = new RecordingBus();
    const heard: string[] = [];
    bus.on("test", (event) => heard.push(event.type));
    bus.emit(started("1"));
    bus.emit(stopped);
    bus.emit(started("2"));
    expect(bus.of("gateway.started").map(({ version }) => version)).toEqual(["1", "2"]);
    expect(heard).toEqual(["gateway.started", "gateway.stopped", "gateway.started"]);
    bus.clear();
    expect(bus.events).toEqual([]);
  });

  it("does not show up among the listeners", () => {
    expect(new RecordingBus().listeners()).toEqual([]);
  });

  it("waits for events that match, those from before included", async () => {
    const bus = new RecordingBus();
    bus.emit(started("old"));
    const waiting = bus.waitFor("gateway.started", { count: 2, where: ({ version }) => version !== "other" });
    bus.emit(started("other"));
    bus.emit(started("new"));
    expect((await waiting).map(({ version }) => version)).toEqual(["old", "new"]);
  });

  it("gives up in time and says what came instead", async () => {
    const bus = new RecordingBus();
    bus.emit(stopped);
    await expect(bus.waitFor("gateway.started", { timeoutMs: 5 })).rejects.toThrow(
      "Waited 5 ms for 1 event(s) gateway.started, but recorded gateway.stopped",
    );
  });
});
