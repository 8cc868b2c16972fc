import type { IncomingMessage } from "node:http";
import type { SendOutcome } from "@mcp-hangar/delivery";
import { HttpOrigin, type OriginRequest, ProxyError } from "@mcp-hangar/egress/http";
import type { Settings } from "./options.ts";

/** Bytes of an answer that are read. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** Connections at a time: observations and scores are sent by queues of their own, and projects are asked for now and then. */
const CONNECTIONS_MAX = 4;

/** How one request ended. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly retryAfterMs: number | undefined;
      /** Whether it is for people: a portal that wants somebody to log in, or a user interface. */
      readonly isPage: boolean;
      readonly text: string;
    }
  | { readonly kind: "failed"; readonly message: string };

/** The requests to one project of one Langfuse. */
export class LangfuseApi {
  readonly #baseUrl: string;
  readonly #origin: HttpOrigin;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #wallMs: () => number;

  constructor({ baseUrl, publicKey, secretKey, version, clock }: Settings) {
    this.#baseUrl = baseUrl;
    this.#origin = new HttpOrigin(new URL(baseUrl), { connectionsMax: CONNECTIONS_MAX });
    this.#wallMs = () => clock.wallMs();
    this.#headers = {
      authorization: `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`,
      "user-agent": `mcp-hangar-langfuse/${version ?? "0"}`,
      "x-langfuse-public-key": publicKey,
    };
  }

  /** Never rejects. A redirect is an answer: keys are not taken elsewhere. */
  async get(path: string, signal: AbortSignal): Promise<Answer> {
    return await this.#ask(path, { method: "GET", headers: this.#headers, signal });
  }

  /** As {@link get}. */
  async postJson(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    { headers, signal }: { readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
  ): Promise<Answer> {
    const all = { ...this.#headers, ...headers, "content-type": "application/json" };
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    return await this.#ask(path, { method: "POST", headers: all, body: bytes, signal });
  }

  /** Ends the connections. */
  close(): void {
    this.#origin.close();
  }

  async #ask(path: string, request: Omit<OriginRequest, "url">): Promise<Answer> {
    try {
      const response = await this.#origin.send({ ...request, url: new URL(this.#baseUrl + path) });
      const text = await beginning(response);
      const { "retry-after": retryAfter, "content-type": contentType = "" } = response.headers;
      const isPage = /^\s*text\/html\b/i.test(contentType);
      const retryAfterMs = this.#retryAfterMs(retryAfter);
      return { kind: "answered", status: response.statusCode ?? 0, retryAfterMs, isPage, text };
    } catch (error) {
      return { kind: "failed", message: reasonOf(error) };
    }
  }

  /** Seconds, or a date (RFC 9110 §10.2.3). */
  #retryAfterMs(header: string | undefined): number | undefined {
    if (header === undefined) return undefined;
    if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
    const at = Date.parse(header);
    return Number.isNaN(at) ? undefined : Math.max(0, at - this.#wallMs());
  }
}

/** What an answer means for what was sent. */
export function outcomeOf(answer: Answer): SendOutcome {
  if (answer.kind === "failed") return { kind: "retry", reason: "connection", message: answer.message };
  const { status, retryAfterMs, isPage } = answer;
  if (status >= 200 && status < 300) return isPage ? PAGE : { kind: "delivered" };
  const message = `HTTP ${status}${HINTS[status] ?? ""}`;
  if (status === 413) return { kind: "rejected", message, isTooLarge: true };
  if (status < 500 && !PASSING.has(status)) return { kind: "rejected", message };
  return { kind: "retry", reason: "rejected", message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

const PAGE: SendOutcome = {
  kind: "retry",
  reason: "rejected",
  message: "a web page answers; is the host that of a Langfuse?",
};

/** Refusals that pass: keys are exchanged, quotas raised, and limits of a rate are over in a minute. */
const PASSING: ReadonlySet<number> = new Set([401, 403, 408, 425, 429]);

const HINTS: Readonly<Record<number, string>> = {
  301: ": it is somewhere else; set the host to where it is",
  302: ": it is somewhere else; set the host to where it is",
  307: ": it is somewhere else; set the host to where it is",
  308: ": it is somewhere else; set the host to where it is",
  401: ": the keys are not accepted; are they those of a project of this host?",
  403: ": not allowed; has the project used up what its plan allows?",
  413: ": a proxy before it, or it, takes no request of this size",
  404: ": there is no such interface; is the host that of a Langfuse of version 3 or later?",
};

async function beginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // To leave the loop cancels the rest.
    if (bytes > ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString();
}

/** The code of an error of the connection; a proxy's says what to do. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof ProxyError ? error.message : ((error as NodeJS.ErrnoException).code ?? error.message);
}
