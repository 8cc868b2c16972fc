import { createServer, type Server, type ServerResponse } from "node:http";

/** Sends one tools/call upstream under an id of the relay's own and calls back with the answer's text, or why there is none. */
export type Forward = (body: string, ownId: number, onAnswer: (text: string | Error) => void) => void;

interface Envelope {
  id?: string | number;
  method?: string;
  params?: { name?: string };
}

/** Bodies above this many characters get their id replaced in the text, because parsing them costs more than finding it. */
const spliceAbove = 8_192;
const prefix = "lean__";
let nextId = 1;

/**
 * The front half of the bare relay: what is left of a gateway when every feature is taken away.
 * It parses the envelope, strips the prefix, renumbers, forwards, and gives the client its own id back.
 */
export function bareFront(forward: Forward): Server {
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString();
      // The bench is the only client; the relay has no features, and refusing bad input would be one.
      relay(JSON.parse(text) as Envelope, response, forward);
    });
  });
}

function relay(message: Envelope, response: ServerResponse, forward: Forward): void {
  const { id } = message;
  if (id === undefined) {
    response.writeHead(202).end();
    return;
  }
  if (message.method === "initialize") {
    const info = { name: "bare", version: "1.0.0" };
    send(response, JSON.stringify({ jsonrpc: "2.0", id, result: handshake(info) }));
    return;
  }
  if (message.params?.name?.startsWith(prefix)) message.params.name = message.params.name.slice(prefix.length);
  const ownId = nextId++;
  message.id = ownId;
  forward(JSON.stringify(message), ownId, (answer) => {
    if (answer instanceof Error) response.writeHead(502).end(answer.message);
    else send(response, withId(answer, ownId, id));
  });
}

function handshake(serverInfo: { name: string; version: string }): object {
  return { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo };
}

function withId(answerText: string, ownId: number, id: string | number): string {
  const text = answerText.startsWith("{") ? answerText : (/^data: (.*)$/m.exec(answerText)?.[1] ?? answerText);
  if (text.length > spliceAbove) return text.replace(`"id":${ownId}`, () => `"id":${JSON.stringify(id)}`);
  const answer = JSON.parse(text) as Envelope;
  answer.id = id;
  return JSON.stringify(answer);
}

function send(response: ServerResponse, body: string): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}
