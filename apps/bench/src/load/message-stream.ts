import { get, type IncomingMessage } from "node:http";
import type { OnAnswer } from "./http-connection.ts";

/** Milliseconds until the server must have said where messages go. */
const PATIENCE_MS = 10_000;

/**
 * The one event stream of a session in the transport of MCP 2024-11-05, on which all answers arrive: the first event says where
 * messages are posted, each other one is a message.
 */
export class MessageStream {
  /** Path and query of the address to which messages are posted. */
  readonly endpoint: string;
  readonly #response: IncomingMessage;
  readonly #waiting = new Map<unknown, OnAnswer>();
  #ended: Error | undefined;

  private constructor(endpoint: string, response: IncomingMessage) {
    this.endpoint = endpoint;
    this.#response = response;
  }

  /**
   * Opens the stream at a path of a server.
   * @throws Error when the server does not open one, or does not say where messages go.
   */
  static open(baseUrl: string, path: string): Promise<MessageStream> {
    return new Promise((resolve, reject) => {
      const request = get(new URL(path, baseUrl), { headers: { accept: "text/event-stream" }, agent: false });
      const late = setTimeout(
        () => request.destroy(new Error(`no endpoint event at ${path} within ${PATIENCE_MS} ms`)),
        PATIENCE_MS,
      );
      const give = (error: Error): void => {
        clearTimeout(late);
        reject(error);
      };
      request.once("error", give);
      request.once("response", (response) => {
        if (response.statusCode !== 200) {
          request.destroy();
          give(new Error(`GET ${path} was answered with HTTP ${response.statusCode} instead of an event stream`));
          return;
        }
        let stream: MessageStream | undefined;
        onEvents(response, (event, data) => {
          if (stream !== undefined) {
            stream.#take(data);
          } else if (event === "endpoint") {
            clearTimeout(late);
            const { pathname, search } = new URL(data, baseUrl);
            stream = new MessageStream(pathname + search, response);
            resolve(stream);
          }
        });
        const ended = (): void => {
          const error = new Error("the event stream ended");
          if (stream === undefined) give(error);
          else stream.#end(error);
        };
        response.once("close", ended).on("error", ended);
      });
    });
  }

  /** Calls back once with the message that has this id, or with why there will be none. */
  expect(id: number, onAnswer: OnAnswer): void {
    if (this.#ended === undefined) this.#waiting.set(id, onAnswer);
    else onAnswer(this.#ended);
  }

  /** Nobody waits for this id any longer. */
  forget(id: number): void {
    this.#waiting.delete(id);
  }

  /** Closes the stream; whoever still waits gets an error. */
  close(): void {
    this.#response.destroy();
  }

  #take(data: string): void {
    const id = idOf(data);
    const onAnswer = this.#waiting.get(id);
    this.#waiting.delete(id);
    onAnswer?.({ status: 200, head: "", body: data });
  }

  #end(error: Error): void {
    this.#ended = error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const onAnswer of waiting) onAnswer(error);
  }
}

/** The id of a message; what is none has no id, and is answered to nobody. */
function idOf(data: string): unknown {
  try {
    // What has the id of a call is looked at by whoever made it.
    return (JSON.parse(data) as { readonly id?: unknown } | null)?.id;
  } catch {
    return undefined;
  }
}

/** Calls back with name and data of each event, whose data is one line here. */
function onEvents(response: IncomingMessage, onEvent: (event: string, data: string) => void): void {
  let rest = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    const events = (rest + chunk).split("\n\n");
    rest = events.pop() ?? "";
    for (const text of events) {
      const data = /^data: ?(.*)$/m.exec(text)?.[1];
      if (data !== undefined) onEvent(/^event: ?(.*)$/m.exec(text)?.[1] ?? "message", data);
    }
  });
}
