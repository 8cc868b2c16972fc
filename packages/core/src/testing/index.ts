export * from "./fake-clock.ts";
export * from "./fake-platform.ts";
export * from "./fake-session.ts";
export * from "./fake-transport.ts";
export * from "./junk-items.ts";
export * from "./recording-bus.ts";
export * from "./seeded-random.ts";
export * from "./unreliable-upstream.ts";
