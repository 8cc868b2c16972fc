import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { HttpOrigin } from "@mcp-hangar/egress/http";
import type { Clock } from "../clock.ts";
import type { SendOutcome } from "../queue/send.ts";
import { adviceOn } from "./advice.ts";
import { ANSWER_BYTES_MAX, collectorSays, outcomeOfAnswer } from "./answer.ts";
import type { OtlpDestination } from "./destination.ts";
import type { OtlpSender } from "./sender.ts";
import type { TlsFiles } from "./tls-files.ts";

export interface HttpSenderParts {
  readonly destination: OtlpDestination;
  readonly tls: TlsFiles;
  readonly clock: Clock;
}

/** The request itself is refused: the same bytes will never be taken. Everything else may be mended at the collector or on the way. */
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([400, 422]);
const TOO_LARGE = 413;

const PAGE = "a web page answers where a collector should; is the endpoint that of an OTLP receiver?";

const compress = promisify(gzip);

/** Posts OTLP over HTTP/1.1, one request at a time on a connection that is kept. Redirects are not followed. */
export class HttpSender implements OtlpSender {
  readonly #parts: HttpSenderParts;
  readonly #origin: HttpOrigin;
  readonly #headers: Readonly<Record<string, string>>;
  /** The rest of an answer that nobody reads. It may never end, and its connection is the only one. */
  #unread: IncomingMessage | undefined;

  constructor(parts: HttpSenderParts) {
    this.#parts = parts;
    const { protocol, url, headers, compression } = parts.destination;
    const { ca, cert, key } = parts.tls;
    const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    this.#origin = new HttpOrigin(url, { ...files, connectionsMax: 1 });
    this.#headers = {
      "user-agent": "mcp-hangar",
      ...headers,
      "content-type": protocol === "http/json" ? "application/json" : "application/x-protobuf",
      ...(compression === "gzip" && { "content-encoding": "gzip" }),
    };
  }

  async send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome> {
    const { compression, url } = this.#parts.destination;
    if (this.#unread?.complete === false) this.#unread.destroy();
    this.#unread = undefined;
    try {
      const bytes = compression === "gzip" ? await compress(body) : body;
      return await this.#outcomeOf(
        await this.#origin.send({ method: "POST", url, headers: this.#headers, body: bytes, signal }),
      );
    } catch (error) {
      return { kind: "retry", reason: "connection", message: error instanceof Error ? error.message : String(error) };
    }
  }

  close(): void {
    this.#origin.close();
  }

  async #outcomeOf(response: IncomingMessage): Promise<SendOutcome> {
    const { statusCode = 0, headers } = response;
    if (statusCode < 200 || statusCode > 299 || isPage(headers["content-type"])) {
      this.#unread = response;
      passOver(response);
      return this.#outcomeOfRefusal(response);
    }
    const { signal, protocol } = this.#parts.destination;
    let answer: Uint8Array;
    try {
      answer = await bytesOf(response);
    } catch {
      // It has taken the request; what it says besides cannot be read.
      return { kind: "delivered" };
    }
    return outcomeOfAnswer(answer, signal, protocol);
  }

  #outcomeOfRefusal({ statusCode = 0, statusMessage = "", headers }: IncomingMessage): SendOutcome {
    const says = `the collector answers ${statusCode} ${collectorSays(statusMessage)}`.trim();
    const message = statusCode >= 200 && statusCode < 300 ? PAGE : says + adviceOn(statusCode);
    if (statusCode === TOO_LARGE) return { kind: "rejected", message, isTooLarge: true };
    if (REFUSED_FOR_GOOD.has(statusCode)) return { kind: "rejected", message };
    const retryAfterMs = retryAfter(headers["retry-after"], this.#parts.clock.wallMs());
    return { kind: "retry", reason: "rejected", message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
}

/** Whether an answer is for people: behind the address is a user interface, or a portal that wants somebody to log in. Such a 200 takes nothing. */
function isPage(contentType = ""): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType);
}

/**
 * What else a refusal says is of no interest. One that is short is over by the next attempt, and its connection is free for that; one that
 * does not end costs the connection.
 */
function passOver(response: IncomingMessage): void {
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) response.destroy();
  });
  // It may break off.
  response.on("error", () => {});
}

/** Milliseconds for which a server asks to be left alone, in seconds or until a date; `undefined` when it does not. */
function retryAfter(field: string | undefined, nowMs: number): number | undefined {
  if (field === undefined) return undefined;
  const ms = /^\d+$/.test(field.trim()) ? Number(field) * 1_000 : Date.parse(field) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

async function bytesOf(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the collector's answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
