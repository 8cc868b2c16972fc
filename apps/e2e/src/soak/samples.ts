import { openFiles, residentBytes } from "@mcp-hangar/testing";
import type { World } from "./world.ts";

/** What the gateway holds at one moment. */
export interface Sample {
  readonly calls: number;
  readonly residentBytes: number;
  /** JavaScript heap in use, garbage that waits for its collection included. */
  readonly heapBytes: number;
  readonly openFiles: number;
  /** Lines of `/metrics` that are samples. */
  readonly series: number;
}

export async function takeSample({ gateway }: World, calls: number): Promise<Sample> {
  const page = await gateway.metrics();
  const { pid } = gateway.process;
  return {
    calls,
    residentBytes: residentBytes(pid),
    heapBytes: page.sum("nodejs_heap_size_used_bytes"),
    openFiles: openFiles(pid),
    series: page.samples.length,
  };
}

/** How much more there is in the last third of the soak than in the middle third; 1 is flat. */
export function growth(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const third = Math.floor(samples.length / 3);
  if (third === 0) throw new Error(`${samples.length} samples say nothing about growth`);
  return median(samples.slice(-third).map(of)) / median(samples.slice(third, 2 * third).map(of));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
