import type { HttpClient } from "./http-client.ts";
import { type Ending, MessageExchange, type MessageReceiver } from "./message-exchange.ts";

const DEAF: MessageReceiver = { onMessage: () => undefined, onEnding: () => undefined };

/** Posts a notification or a response. Whatever the server says to it is read and forgotten. */
export function postMessage(client: HttpClient, headers: string[], text: string): void {
  client.send(new MessageExchange(client, "POST", DEAF), headers, text);
}

/** Like {@link postMessage}, or a request without a body, but tells how it ended. Never rejects; `signal` gives it up. */
export function sendAndWait(
  client: HttpClient,
  message: { readonly method: "POST" | "DELETE"; readonly headers: string[]; readonly text: string | null },
  signal: AbortSignal,
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
    client.send(exchange, message.headers, message.text);
    if (signal.aborted) onAbort();
  });
}
