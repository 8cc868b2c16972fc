import type { IncomingMessage, ServerResponse } from "node:http";
import { type Exchange, UNCOUNTED_BYTES } from "./traffic.ts";

/** How reading a body ended: with all of it, at a limit, or because the client left. */
export type BodyOutcome =
  | { readonly kind: "body"; readonly body: Buffer }
  | { readonly kind: "too_large" }
  /** The gateway holds too many bytes for this caller, or for all. */
  | { readonly kind: "no_room" }
  | { readonly kind: "aborted" };

/**
 * Reads the whole body of a request, answering `Expect: 100-continue`. A body beyond `bytesMax` is not kept; what still comes of it is thrown away.
 * A callback rather than a promise: this runs for every call. It is called once.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  { bytesMax, exchange }: { readonly bytesMax: number; readonly exchange: Exchange },
  done: (outcome: BodyOutcome) => void,
): void {
  // Who left while it was looked up who they are says so no more.
  if (request.destroyed) return done({ kind: "aborted" });
  // What is announced is counted as a whole, else each piece as it comes.
  const announced = Number(request.headers["content-length"] ?? 0);
  const tooLarge = announced > bytesMax;
  if (tooLarge || (announced >= UNCOUNTED_BYTES && !exchange.takeBody(announced))) {
    request.resume();
    done({ kind: tooLarge ? "too_large" : "no_room" });
    return;
  }
  // A client that asks first sends its body only now, after its length has been looked at.
  if (request.headers.expect !== undefined) response.writeContinue();
  let chunks: Buffer[] = [];
  let bytes = 0;
  let settled = false;
  const settle = (outcome: BodyOutcome): void => {
    if (settled) return;
    settled = true;
    chunks = [];
    done(outcome);
  };
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) settle({ kind: "too_large" });
    else if (bytes > announced && bytes >= UNCOUNTED_BYTES && !settled && !exchange.takeBody(chunk.length)) {
      settle({ kind: "no_room" });
    } else if (!settled) chunks.push(chunk);
  });
  request.on("end", () => {
    if (settled) return;
    const [first] = chunks;
    const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
    settle(exchange.takeParsed(body) ? { kind: "body", body } : { kind: "no_room" });
  });
  // `close` without `end` is a client that left. Node.js tells of errors of a request only those who listen to them.
  request.on("close", () => settle({ kind: "aborted" }));
}
