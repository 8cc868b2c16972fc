import { EXPORT_SIGNALS, type Exporter, type HangarEvent, registeredName, TelemetryBus } from "@mcp-hangar/telemetry";
import { beforeEach, describe, expect, it } from "vitest";
import type { Logger } from "../logging/logging.ts";
import { ExporterList } from "./exporter-list.ts";

const STARTED: HangarEvent = { type: "gateway.started", timeMs: 0, version: "1" };

let told: string[];
let bus: TelemetryBus;
let list: ExporterList;

beforeEach(() => {
  told = [];
  bus = new TelemetryBus();
  const tell =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      told.push(`${level} ${event} ${String(fields.exporter)}: ${String(fields.error)}`);
    };
  const logger: Logger = {
    debug: tell("debug"),
    info: tell("info"),
    warning: tell("warning"),
    error: tell("error"),
    critical: tell("critical"),
  };
  list = new ExporterList(bus, logger);
});

const silent = (name: string, signal: Exporter["signal"]): Exporter => ({ name, signal, close: async () => {} });

/** An exporter with everything that one can have. */
function full(name: string, signal: Exporter["signal"]): Exporter {
  return {
    ...silent(name, signal),
    listener: ({ type }) => told.push(`${name} heard ${type}`),
    open: async () => void told.push(`${name} opened`),
    snapshot: () => ({
      exporter: registeredName(name),
      signal,
      delivered: 1,
      dropped: {},
      failures: {},
      queueSize: 0,
      queueCapacity: 10,
      lastSuccessSeconds: undefined,
    }),
    health: () => ({ status: "degraded", message: `${name} is slow` }),
    close: async (deadlineMs) => void told.push(`${name} closed within ${deadlineMs}`),
  };
}

describe("a list of exporters", () => {
  it("subscribes those that listen, in its order and under their names", () => {
    list.add(full("log", "log"));
    list.add(silent("metrics", "metrics"));
    list.add(full("history", "history"));
    bus.emit(STARTED);
    expect(told).toEqual(["log heard gateway.started", "history heard gateway.started"]);
    expect(bus.listeners().map(({ listener }) => listener)).toEqual(["log", "history"]);
  });

  it("has accounts and checks of those that have some, also when they came late", () => {
    list.add(silent("metrics", "metrics"));
    expect([list.snapshots(), list.checks()]).toEqual([[], []]);
    for (const signal of EXPORT_SIGNALS) list.add(full(`a ${signal}`, signal));
    expect(list.snapshots().map(({ exporter, signal }) => `${exporter}: ${signal}`)).toEqual(
      EXPORT_SIGNALS.map((signal) => `a ${signal}: ${signal}`),
    );
    expect(list.checks().map(({ name, run }) => [name, run()])).toEqual(
      EXPORT_SIGNALS.map((signal) => [`a ${signal}`, { status: "degraded", message: `a ${signal} is slow` }]),
    );
  });

  it("refuses a second exporter of a name, whose numbers would be those of both", () => {
    list.add(silent("audit", "audit"));
    expect(() => list.add(silent("audit", "history"))).toThrow('two exporters "audit"');
  });

  it("opens all, and says which cannot be", async () => {
    list.add(full("log", "log"));
    list.add(silent("metrics", "metrics"));
    await list.open();
    expect(told).toEqual(["log opened"]);
    list.add({ ...silent("audit", "audit"), open: () => Promise.reject(new Error("audit.file: no room")) });
    await expect(list.open()).rejects.toThrow("audit.file: no room");
  });

  it("closes all at the same time, and the log last, whatever its place and whatever fails", async () => {
    const hanging = Promise.withResolvers<void>();
    list.add(full("log", "log"));
    list.add({ ...silent("slow", "audit"), close: () => hanging.promise });
    list.add({ ...silent("broken", "traces"), close: () => Promise.reject(new Error("no such file")) });
    list.add(full("history", "history"));
    const closed = list.close();
    await new Promise(setImmediate);
    const others = ["history closed within 2000", "error exporter_close_failed broken: Error: no such file"];
    expect(told).toEqual(others);
    hanging.resolve();
    await closed;
    expect(told).toEqual([...others, "log closed within 1000"]);
  });
});
