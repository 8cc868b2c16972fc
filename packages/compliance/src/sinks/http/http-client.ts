import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { codeOf } from "../failure.ts";
import { readTlsFiles, type TlsFiles } from "../tls-files.ts";

export interface HttpRequest {
  readonly method: "POST" | "PUT";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingMessage["headers"];
  /** Empty when it is longer than is read. */
  readonly body: string;
}

/** Bytes of an answer that are read; receivers say a word or two. */
const ANSWER_BYTES_MAX = 65_536;

/** Makes requests over HTTP/1.1, on a connection that is kept. Redirects are not followed: they would lead records elsewhere. */
export class HttpClient {
  readonly #tls: TlsFiles;
  #agent: HttpAgent | undefined;

  constructor(tls: TlsFiles) {
    this.#tls = tls;
  }

  /** Rejects when there is no whole answer; certificates are read again after that. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      this.#agent ??= await agentFor(request.url, this.#tls);
      return await answerOf(await this.#exchange(this.#agent, request, signal));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  /** A server may close a connection just when it is used again; then the request is made once more, on a new one. */
  #exchange(
    agent: HttpAgent,
    { method, url, headers, body }: HttpRequest,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const begin = url.protocol === "https:" ? httpsRequest : httpRequest;
    const all = { "user-agent": "mcp-hangar-compliance", ...headers, "content-length": String(body.length) };
    return new Promise((resolve, reject) => {
      const request = begin(url, { method, agent, headers: all, signal }, resolve);
      request.on("error", (error) => {
        const isStale = request.reusedSocket && codeOf(error) === "ECONNRESET" && !signal.aborted;
        if (isStale) resolve(this.#exchange(agent, { method, url, headers, body }, signal));
        else reject(error);
      });
      request.end(body);
    });
  }
}

async function agentFor(url: URL, tls: TlsFiles): Promise<HttpAgent> {
  const options = { keepAlive: true, maxSockets: 1 };
  return url.protocol === "https:"
    ? new HttpsAgent({ ...options, ...(await readTlsFiles(tls)) })
    : new HttpAgent(options);
}

async function answerOf(response: IncomingMessage): Promise<HttpAnswer> {
  const { statusCode: status = 0, statusMessage: statusText = "", headers } = response;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > ANSWER_BYTES_MAX) return { status, statusText, headers, body: "" };
    chunks.push(chunk);
  }
  return { status, statusText, headers, body: Buffer.concat(chunks).toString() };
}
