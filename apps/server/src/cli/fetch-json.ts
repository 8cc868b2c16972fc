import type { IncomingMessage } from "node:http";

/** What a gateway answers is lists of its servers, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1_024 * 1_024;

export interface JsonRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What came back. */
export interface JsonAnswer {
  readonly status: number;
  /** Parsed JSON; `undefined` when it was none. */
  readonly body: unknown;
}

/**
 * Makes one request with the client of Node.js: its `fetch` takes longer to load than the answer of a gateway takes.
 * Redirects are not followed. Rejects with the error of the connection, and with the reason of the signal when that aborts.
 */
export async function fetchJson(url: string, { method, headers, signal }: JsonRequest): Promise<JsonAnswer> {
  const { request } = process.getBuiltinModule(url.startsWith("https:") ? "node:https" : "node:http");
  const answered = Promise.withResolvers<IncomingMessage>();
  request(url, { method, headers, signal, agent: false }, answered.resolve).on("error", answered.reject).end();
  try {
    const response = await answered.promise;
    return { status: response.statusCode ?? 0, body: parsed(await textOf(response)) };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
