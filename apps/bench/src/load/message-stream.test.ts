import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { runClosedLoop } from "./closed-loop.ts";
import { echoWorkload } from "./expectation.ts";
import { endSession, openSession } from "./mcp-session.ts";
import { MessageStream } from "./message-stream.ts";

/** A server of the transport of 2024-11-05, which answers calls in pieces and in another order than they came. */
class OldServer {
  readonly #server: Server;
  readonly #says: (message: Message) => string | undefined;
  readonly #held: string[] = [];
  #stream: ServerResponse | undefined;

  constructor(says: (message: Message) => string | undefined = answerOf) {
    this.#says = says;
    this.#server = createServer((request, response) => {
      if (request.method === "GET") this.#open(request, response);
      else void this.#take(request, response);
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  endStream(): void {
    this.#stream?.end();
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    if (request.url !== "/mcp") {
      response.writeHead(404).end();
      return;
    }
    this.#stream = response;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("event: endpoint\ndata: /messages?sessionId=1\n\n: a comment\n\n");
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    expect(request.url).toBe("/messages?sessionId=1");
    const message: Message = JSON.parse(body);
    const said = this.#says(message);
    const event = said === undefined ? "" : `event: message\ndata: ${said}\n\n`;
    // Odd ones are answered around the moment in which they are taken, even ones later and the last of them first.
    const early = (message.id ?? 0) % 2 === 1;
    if (early) this.#stream?.write(event.slice(0, 40));
    response.writeHead(202).end("Accepted");
    if (early) this.#stream?.write(event.slice(40));
    else this.#hold(event);
  }

  #hold(event: string): void {
    this.#held.push(event);
    setImmediate(() => {
      for (const each of this.#held.splice(0).reverse()) if (each !== "") this.#stream?.write(each);
    });
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly arguments?: { readonly text?: string } };
}

function answerOf({ id, method, params }: Message): string | undefined {
  if (id === undefined) return undefined;
  const content = [{ type: "text", text: params?.arguments?.text ?? "" }];
  const result = method === "initialize" ? { protocolVersion: "2024-11-05" } : { content };
  return JSON.stringify({ result, jsonrpc: "2.0", id });
}

let server: OldServer;
afterEach(() => server.stop());

test("calls in flight are answered on the one stream of their session, each with its own answer", async () => {
  server = new OldServer();
  const session = await openSession(await server.listen(), "/mcp", "http+sse");
  const { calls } = await runClosedLoop({ session, workload: echoWorkload(200), inFlight: 4, seconds: 0, calls: 200 });
  expect(calls).toBeGreaterThanOrEqual(200);
  await endSession(session);
});

test("an answer that belongs to another call ends the run", async () => {
  server = new OldServer((message) => answerOf({ ...message, params: { arguments: { text: "123456788:x" } } }));
  const session = await openSession(await server.listen(), "/mcp", "http+sse");
  const load = { session, workload: echoWorkload(200), inFlight: 1, seconds: 0, calls: 2 };
  await expect(runClosedLoop(load)).rejects.toThrow("the text of another call");
  await endSession(session);
});

test("a stream that ends tells whoever waits, and whoever asks after that", async () => {
  server = new OldServer();
  const stream = await MessageStream.open(await server.listen(), "/mcp");
  const answered = new Promise((resolve) => stream.expect(1, resolve));
  server.endStream();
  expect(await answered).toEqual(new Error("the event stream ended"));
  expect(await new Promise((resolve) => stream.expect(2, resolve))).toEqual(new Error("the event stream ended"));
});

test("a server without such a stream is refused with its status", async () => {
  server = new OldServer();
  await expect(MessageStream.open(await server.listen(), "/elsewhere")).rejects.toThrow(
    "GET /elsewhere was answered with HTTP 404",
  );
});
