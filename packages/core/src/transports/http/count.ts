import type { IncomingMessage } from "../../protocol/decode.ts";
import type { SessionObserver } from "../session.ts";

/** Counts a message that came in; what is no JSON-RPC message is not counted as one. */
export function count(observer: SessionObserver, message: IncomingMessage): void {
  if (message.kind !== "invalid") observer.onMessage("received", message.kind);
}
