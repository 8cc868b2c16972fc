export * from "./forward-proxy.ts";
