export * from "./client.ts";
export * from "./destination.ts";
export * from "./pairs.ts";
export * from "./resource.ts";
