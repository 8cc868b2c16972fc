import type { JsonRpcId } from "./json-rpc.ts";

/** What can be told of a message of which only the ends are known. */
export type SkippedMessage =
  /** An answer to a request; `id` is `undefined` when neither end tells it. */
  | { readonly kind: "response"; readonly id: JsonRpcId | undefined }
  /** A notification, or a request of the peer. */
  | { readonly kind: "other" }
  | { readonly kind: "unknown" };

/** Bytes of each end that are looked at: the members of an envelope take some 60. */
export const SKIPPED_END_BYTES = 512;

const SPACE = "[ \\t\\r]*";
/** Integers that a double holds, and short strings. */
const ID = String.raw`(?:-?(?:0|[1-9]\d{0,14})|"[^"\\]{0,128}")`;
const VERSION = `"jsonrpc"${SPACE}:${SPACE}"2\\.0"`;
const ID_MEMBER = `"id"${SPACE}:${SPACE}(${ID})`;

/** The members in front of the first one that is neither version nor id, and the name of that. */
const HEAD = new RegExp(
  `^${SPACE}\\{${SPACE}((?:(?:${VERSION}|"id"${SPACE}:${SPACE}${ID})${SPACE},${SPACE}){0,2})"(result|error|method|params)"`,
);
const ID_IN_HEAD = new RegExp(ID_MEMBER);
const TAIL = new RegExp(`,${SPACE}${ID_MEMBER}${SPACE}(?:,${SPACE}${VERSION}${SPACE})?\\}${SPACE}$`);

/**
 * Tells from the first and the last bytes of a JSON-RPC message what it was: libraries write the id either in front of the
 * result or behind it.
 *
 * Why that is sound for a message that is valid JSON: its last brace closes the message itself, so that a number or string in
 * front of it is a member of the message. Its name cannot be the end of a longer string, because a comma in front of a quotation
 * mark shows that the mark is not escaped. In the head every byte is matched from the first brace on.
 */
export function skippedMessage(head: Buffer, tail: Buffer): SkippedMessage {
  const first = HEAD.exec(head.toString("latin1", 0, SKIPPED_END_BYTES));
  if (first?.[2] === "method" || first?.[2] === "params") return { kind: "other" };
  const last = tail.toString("latin1", Math.max(0, tail.length - SKIPPED_END_BYTES));
  const id = ID_IN_HEAD.exec(first?.[1] ?? "")?.[1] ?? TAIL.exec(last)?.[1];
  if (id !== undefined) return { kind: "response", id: JSON.parse(id) as JsonRpcId };
  return first === null ? { kind: "unknown" } : { kind: "response", id: undefined };
}
