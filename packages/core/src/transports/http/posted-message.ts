import type { CancelSignal } from "../../platform/cancellation.ts";
import type { HttpClient } from "./http-client.ts";
import { type Ending, MessageExchange } from "./message-exchange.ts";

/** Posts a message, or sends a request without a body, and tells how that ended. Never rejects; `signal` gives it up. */
export function sendAndWait(
  client: HttpClient,
  message: {
    readonly method: "POST" | "DELETE";
    readonly headers: string[];
    readonly text: string | null;
    /** Path and query; those of the endpoint when absent. */
    readonly path?: string;
  },
  signal: CancelSignal,
): Promise<Ending | "aborted"> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      exchange.abort();
      resolve("aborted");
    };
    const exchange = new MessageExchange(client, message.method, {
      onMessage: () => undefined,
      onEnding(ending) {
        signal.removeEventListener("abort", onAbort);
        resolve(ending);
      },
    });
    signal.addEventListener("abort", onAbort, { once: true });
    client.send(exchange, message.headers, message.text, message.path);
    if (signal.aborted) onAbort();
  });
}
