export * from "./key-check.ts";
export * from "./langfuse.ts";
export * from "./masking.ts";
export type { LangfuseLimits, LangfuseOptions } from "./options.ts";
export type { Score } from "./score.ts";
export { langfuseTraceId } from "./trace-identity.ts";
