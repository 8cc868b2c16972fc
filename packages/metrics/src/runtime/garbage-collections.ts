import { constants, PerformanceObserver } from "node:perf_hooks";
import { runtimeMetrics } from "@mcp-hangar/telemetry";
import { Histogram, type Registry } from "prom-client";

const KINDS: ReadonlyMap<number | undefined, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
  [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
]);

interface GarbageCollectionEntry {
  /** In milliseconds. */
  readonly duration: number;
  readonly detail?: { readonly kind?: number };
}

/** Counts garbage collections by kind; the returned function stops that. */
export function observeGarbageCollections(registry: Registry): () => void {
  const { name, help, labels, buckets } = runtimeMetrics.gcDuration;
  const histogram = new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [registry] });
  for (const kind of KINDS.values()) histogram.zero({ kind });
  const observer = new PerformanceObserver((list) => {
    // Several collections may be reported together. The general type of an entry leaves `detail` out.
    for (const entry of list.getEntries() as readonly GarbageCollectionEntry[]) {
      const kind = KINDS.get(entry.detail?.kind);
      if (kind !== undefined) histogram.observe({ kind }, entry.duration / 1_000);
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  return () => observer.disconnect();
}
