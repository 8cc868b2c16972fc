export * from "./fake-clock.ts";
export * from "./memory-files.ts";
export * from "./seeded-random.ts";
