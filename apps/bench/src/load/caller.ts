import type { HttpAnswer } from "./answer-reader.ts";
import { HttpConnection, type OnAnswer } from "./http-connection.ts";
import type { McpSession } from "./mcp-session.ts";
import type { MessageStream } from "./message-stream.ts";

/** One of the callers that share a session, with a connection of its own and at most one call on it. */
export interface Caller {
  /** Sends the request whose JSON-RPC id this is, and calls back once with what was answered. */
  call(request: string, id: number, onAnswer: OnAnswer): void;
  /** As {@link call}; for everything that is not measured. Rejects when there is no answer. */
  exchange(request: string, id: number): Promise<HttpAnswer>;
  /** Sends a notification, and waits until it is taken. */
  notify(request: string): Promise<HttpAnswer>;
  close(): void;
}

/** Opens a caller of a session; rejects when nothing listens there. */
export async function openCaller(session: Pick<McpSession, "baseUrl" | "stream">): Promise<Caller> {
  const connection = await HttpConnection.open(session.baseUrl);
  const { stream } = session;
  const call: Caller["call"] =
    stream === undefined
      ? (request, _id, onAnswer) => connection.send(request, onAnswer)
      : (request, id, onAnswer) => callOnStream({ connection, stream, request, id, onAnswer });
  return {
    call,
    exchange: (request, id) =>
      new Promise((resolve, reject) => {
        call(request, id, (answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      }),
    notify: (request) => connection.exchange(request),
    close: () => connection.close(),
  };
}

interface CallOnStream {
  readonly connection: HttpConnection;
  readonly stream: MessageStream;
  readonly request: string;
  readonly id: number;
  readonly onAnswer: OnAnswer;
}

/** The request is only taken (202), and answered on the stream, before or after that; a connection is free when both are there. */
function callOnStream({ connection, stream, request, id, onAnswer }: CallOnStream): void {
  let taken = false;
  let said: HttpAnswer | Error | undefined;
  const settle = (): void => {
    if (taken && said !== undefined) onAnswer(said);
  };
  stream.expect(id, (answer) => {
    said = answer;
    settle();
  });
  connection.send(request, (answer) => {
    taken = true;
    if (answer instanceof Error || answer.status !== 202) {
      stream.forget(id);
      said = answer;
    }
    settle();
  });
}
