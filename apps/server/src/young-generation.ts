import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

const MIB = 1024 * 1024;
/**
 * Bytes beyond which the young generation of the heap does not grow, both halves together. V8 lets it have 32 MiB and more, which calls
 * fill with what nobody needs any more; with 16 MiB they cost no more CPU and a hundred MB less, with 8 MiB an eighth more, most of it in
 * threads of V8 that wake for each collection.
 */
const BYTES_MAX = 16 * MIB;
/** The same for the start, whose collections are few: what it does not take, an idle gateway does not have. */
const START_BYTES_MAX = 8 * MIB;
const OWN_SETTING = /semi[-_]space/;

/** The young generation while it is bounded. */
export interface BoundedYoungGeneration {
  /** Looks at once, for work of many collections in one turn of the event loop, in which nobody is told of any. */
  look(): void;
  /** The start is over: calls need more room. */
  started(): void;
}

/**
 * Bounds the young generation for the life of the process. V8 takes no other limit once it runs, but a growth of 1, which is none; it gives
 * memory back when little is to be done, and may grow again after that. Who has set a size for themselves keeps it.
 */
export function boundYoungGeneration(): BoundedYoungGeneration {
  if ([...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((text) => OWN_SETTING.test(text))) {
    return { look() {}, started() {} };
  }
  let bytesMax = START_BYTES_MAX;
  let isBounded = false;
  const look = (): void => {
    const isLarge = youngBytes() >= bytesMax;
    if (isLarge === isBounded) return;
    isBounded = isLarge;
    setFlagsFromString(`--semi-space-growth-factor=${isLarge ? 1 : 2}`);
  };
  new PerformanceObserver(look).observe({ entryTypes: ["gc"] });
  return {
    look,
    started() {
      // Calls leave little to keep of so small a generation: waking other threads for it costs more than doing it.
      setFlagsFromString("--no-parallel-scavenge");
      bytesMax = BYTES_MAX;
      look();
    },
  };
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}
