import type { CancelSignal } from "../../platform/cancellation.ts";
import type { IncomingMessage } from "../../protocol/decode.ts";
import type { JsonObject, JsonRpcErrorObject } from "../../protocol/json-rpc.ts";
import { requestText } from "../outgoing-message.ts";
import { ownId } from "../request-table.ts";
import type { SessionObserver } from "../session.ts";
import { count } from "./count.ts";
import type { HttpClient } from "./http-client.ts";
import type { ResponseHeaders } from "./http-exchange.ts";
import { type Ending, MessageExchange, type MessageReceiver } from "./message-exchange.ts";

/** A request of the transport itself, outside of any call. */
export interface Question {
  readonly method: string;
  readonly params: JsonObject;
  readonly headers: readonly string[];
}

export type Answer =
  | { readonly kind: "result"; readonly result: JsonObject; readonly headers: ResponseHeaders }
  | { readonly kind: "error"; readonly error: JsonRpcErrorObject }
  | { readonly kind: "none"; readonly ending: Ending }
  /** `sent` tells whether the server had been reached. */
  | { readonly kind: "aborted"; readonly sent: boolean };

/** The id of every question: each travels alone on its own request, before or beside the session's own ids. */
const QUESTION_ID = 0;

/** Sends one request and waits for its answer; never rejects. An abort frees the socket. */
export function ask(
  client: HttpClient,
  observer: SessionObserver,
  question: Question,
  signal: CancelSignal,
): Promise<Answer> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve({ kind: "aborted", sent: false });
      return;
    }
    const settle = (answer: Answer): void => {
      signal.removeEventListener("abort", onAbort);
      resolve(answer);
    };
    const receiver: MessageReceiver = {
      onMessage(message: IncomingMessage, from): void {
        count(observer, message);
        if (message.kind === "response" && ownId(message.id) === QUESTION_ID) {
          settle({ kind: "result", result: message.result.value, headers: from.headers });
        } else if (message.kind === "error" && (message.id === null || ownId(message.id) === QUESTION_ID)) {
          settle({ kind: "error", error: message.error });
        } else if (message.kind === "invalid" && (!from.streaming || ownId(message.answers) === QUESTION_ID)) {
          settle({ kind: "none", ending: { kind: "unreadable", reason: message.reason } });
        } else return;
        if (from.streaming) client.lingering.add(from);
      },
      onEnding(ending, from): void {
        client.lingering.delete(from);
        settle({ kind: "none", ending });
      },
    };
    const exchange = new MessageExchange(client, "POST", receiver);
    const onAbort = (): void => {
      exchange.abort();
      settle({ kind: "aborted", sent: exchange.sent });
    };
    signal.addEventListener("abort", onAbort, { once: true });
    observer.onMessage("sent", "request");
    client.send(exchange, [...question.headers], requestText(QUESTION_ID, question.method, question.params));
  });
}
