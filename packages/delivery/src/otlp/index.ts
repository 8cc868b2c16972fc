export * from "./client.ts";
export * from "./destination.ts";
export * from "./pairs.ts";
export * from "./resource.ts";
export { readTlsFiles, type TlsFiles } from "./tls-files.ts";
