export * from "./client.ts";
export * from "./destination.ts";
export * from "./pairs.ts";
