export * from "./otlp-receiver.ts";
export * from "./received.ts";
