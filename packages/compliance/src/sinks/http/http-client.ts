import type { IncomingMessage } from "node:http";
import { HttpOrigin } from "@mcp-hangar/egress/http";
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
  #origin: HttpOrigin | undefined;

  constructor(tls: TlsFiles) {
    this.#tls = tls;
  }

  /** Rejects when there is no whole answer; certificates are read again after that. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      this.#origin ??= await originFor(request.url, this.#tls);
      const headers = { "user-agent": "mcp-hangar-compliance", ...request.headers };
      return await answerOf(await this.#origin.send({ ...request, headers, signal }));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#origin?.close();
    this.#origin = undefined;
  }
}

async function originFor(url: URL, tls: TlsFiles): Promise<HttpOrigin> {
  return new HttpOrigin(url, { ...(url.protocol === "https:" && (await readTlsFiles(tls))), connectionsMax: 1 });
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
