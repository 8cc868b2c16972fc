export * from "./child-process.ts";
export * from "./compile-cache.ts";
export * from "./hangar-process.ts";
export * from "./log-events.ts";
export * from "./loop-probe.ts";
export * from "./poll.ts";
export * from "./process-tree.ts";
export * from "./turns.ts";
