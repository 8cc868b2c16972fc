import type { Writable } from "node:stream";
import type { JsonObject, JsonRpcErrorObject, JsonRpcId, JsonRpcNotification, JsonRpcRequest } from "@mcp-hangar/core";
import type { Answer } from "./answer.ts";

/**
 * A message on its way out: text, or the pieces of a large result that is relayed as bytes. Neither contains a line break.
 * Small messages stay text, because Node.js joins text with the HTTP headers into one write.
 */
export type Encoded = string | readonly Buffer[];

const END = Buffer.from("}");

/** Encodes a response. A result that is held as bytes is neither copied nor rebuilt. */
export function encodeAnswer(id: JsonRpcId | null, answer: Answer): Encoded {
  if (answer.kind === "error") return encodeError(id, answer.error);
  const { bytes } = answer.result;
  if (bytes === undefined) return JSON.stringify({ jsonrpc: "2.0", id, result: answer.result.value });
  return [Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`), bytes, END];
}

export function encodeError(id: JsonRpcId | null, error: JsonRpcErrorObject): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error });
}

export function encodeNotification({ method, params }: JsonRpcNotification): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params });
}

export function encodeRequest(id: JsonRpcId, method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

/** Encodes what is sent to a client outside of its requests. */
export function encodeUnsolicited(message: JsonRpcNotification | JsonRpcRequest): string {
  return "id" in message ? encodeRequest(message.id, message.method, message.params) : encodeNotification(message);
}

export function encodedText(message: Encoded): string {
  return typeof message === "string" ? message : Buffer.concat(message).toString("utf8");
}

/** Size in bytes of UTF-8. */
export function encodedBytes(message: Encoded): number {
  if (typeof message === "string") return Buffer.byteLength(message);
  return message.reduce((bytes, piece) => bytes + piece.length, 0);
}

/** Writes a message between what frames it, as one unit. */
export function writeFramed(output: Writable, before: string, message: Encoded, after: string): void {
  if (typeof message === "string") {
    output.write(`${before}${message}${after}`);
    return;
  }
  output.cork();
  if (before !== "") output.write(before);
  for (const piece of message) output.write(piece);
  if (after !== "") output.write(after);
  output.uncork();
}
