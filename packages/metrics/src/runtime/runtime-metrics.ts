import { runtimeMetrics } from "@mcp-hangar/telemetry";
import { Counter, Gauge, type Registry } from "prom-client";
import { watchEventLoopLag } from "./event-loop-lag.ts";
import { observeGarbageCollections } from "./garbage-collections.ts";
import { type ReadRuntimeMetric, type RuntimeReader, runtimeReaders } from "./readers.ts";

/**
 * Registers the process and Node.js metrics; the returned function releases what observes the process. prom-client's own
 * set is not used: it has gauges named like counters, which `promtool check metrics` rejects, loses all but one
 * of the garbage collections reported together, adds the measuring interval to the event loop lag and cannot be stopped.
 */
export function registerRuntimeMetrics(registry: Registry, wallClockMs?: () => number): () => void {
  const lag = watchEventLoopLag();
  const readers = runtimeReaders(lag);
  if (wallClockMs !== undefined) register(registry, "clock", () => wallClockMs() / 1_000);
  // `Object.keys` forgets that the keys of the object are those of its type.
  for (const key of Object.keys(readers) as (keyof typeof readers)[]) register(registry, key, readers[key]);
  const stopObserving = observeGarbageCollections(registry);
  return () => {
    stopObserving();
    lag.close();
  };
}

function register(registry: Registry, key: ReadRuntimeMetric, read: RuntimeReader): void {
  const { name, help, type, labels, platform } = runtimeMetrics[key];
  if (platform === "linux" && process.platform !== "linux") return;
  const label: string | undefined = labels[0];
  const collect = () => {
    metric.reset();
    const reading = read();
    if (typeof reading === "number") metric.inc(reading);
    else if (label !== undefined) {
      for (const [value, level] of Object.entries(reading)) metric.inc({ [label]: value }, level);
    }
  };
  const configuration = { name, help, labelNames: [...labels], registers: [registry], collect };
  const metric = type === "counter" ? new Counter(configuration) : new Gauge(configuration);
}
