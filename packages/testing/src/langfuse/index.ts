export * from "./langfuse-receiver.ts";
