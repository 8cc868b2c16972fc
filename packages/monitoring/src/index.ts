export * from "./define.ts";
export * from "./model.ts";
export * from "./names.ts";
export * from "./promql/index.ts";
export * from "./settings/alerts.ts";
export * from "./settings/options.ts";
export * from "./settings/slos.ts";
export * from "./template.ts";
