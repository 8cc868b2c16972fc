export * from "./options.ts";
export { nodePlatform } from "./platform/node-platform.ts";
export type { CancelTimer, Clock, Platform } from "./platform/platform.ts";
export { decodeMessage, type IncomingMessage, type InvalidMessage } from "./protocol/decode.ts";
export * from "./protocol/eras.ts";
export * from "./protocol/json-rpc.ts";
export { ResultPayload } from "./protocol/result-payload.ts";
export * from "./transports/session.ts";
