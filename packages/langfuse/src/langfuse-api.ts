import type { SendOutcome } from "@mcp-hangar/delivery";
import type { Settings } from "./options.ts";

/** Bytes of an answer that are read. */
const ANSWER_BYTES_MAX = 64 * 1024;

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
  readonly #headers: Readonly<Record<string, string>>;
  readonly #wallMs: () => number;

  constructor({ baseUrl, publicKey, secretKey, version, clock }: Settings) {
    this.#baseUrl = baseUrl;
    this.#wallMs = () => clock.wallMs();
    this.#headers = {
      authorization: `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`,
      "user-agent": `mcp-hangar-langfuse/${version ?? "0"}`,
      "x-langfuse-public-key": publicKey,
    };
  }

  /** Never rejects. A redirect is an answer: keys are not taken elsewhere. */
  async get(path: string, signal: AbortSignal): Promise<Answer> {
    return await this.#fetch(path, { method: "GET", headers: this.#headers, signal });
  }

  /** As {@link get}. */
  async postJson(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    { headers, signal }: { readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
  ): Promise<Answer> {
    const all = { ...this.#headers, ...headers, "content-type": "application/json" };
    return await this.#fetch(path, { method: "POST", headers: all, body, signal });
  }

  async #fetch(path: string, init: RequestInit): Promise<Answer> {
    try {
      const response = await fetch(this.#baseUrl + path, { ...init, redirect: "manual" });
      const text = await beginning(response);
      const retryAfterMs = this.#retryAfterMs(response.headers.get("retry-after"));
      const isPage = /^\s*text\/html\b/i.test(response.headers.get("content-type") ?? "");
      return { kind: "answered", status: response.status, retryAfterMs, isPage, text };
    } catch (error) {
      return { kind: "failed", message: reasonOf(error) };
    }
  }

  /** Seconds, or a date (RFC 9110 §10.2.3). */
  #retryAfterMs(header: string | null): number | undefined {
    if (header === null) return undefined;
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
  404: ": there is no such interface; is the host that of a Langfuse of version 3 or later?",
};

async function beginning(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    // To leave the loop cancels the rest.
    if (bytes > ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString();
}

/** `fetch failed` says nothing; the cause does. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  if (cause instanceof Error) return (cause as NodeJS.ErrnoException).code ?? cause.message;
  return error instanceof Error ? error.message : String(error);
}
