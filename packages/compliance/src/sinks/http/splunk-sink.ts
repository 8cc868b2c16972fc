import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock, SendOutcome } from "@mcp-hangar/delivery";
import { redactText } from "@mcp-hangar/telemetry";
import type { AuditSink, SinkEntry } from "../../sink.ts";
import { ABANDONED, connectionFailed } from "../failure.ts";
import type { TlsFiles } from "../tls-files.ts";
import { outcomeOfAnswer, retryLater } from "./answer-outcome.ts";
import { type HttpAnswer, HttpClient } from "./http-client.ts";

export interface SplunkSinkOptions {
  readonly name: string;
  /** Of the HTTP Event Collector, without a path, such as `https://splunk.example:8088`. */
  readonly url: URL;
  readonly token: string;
  /** A UUID that no other gateway uses: acknowledgements are told apart by it. */
  readonly channel: string;
  /** Whether a record counts as delivered when it is indexed, and not when it is taken. The token must have it enabled. */
  readonly acknowledgement: boolean;
  /** Whether bodies are compressed with gzip. */
  readonly compress?: boolean;
  readonly tls?: TlsFiles;
  /** Milliseconds after which a batch that is not indexed is sent again. */
  readonly acknowledgementTimeoutMs?: number;
  readonly clock: Clock;
}

/** What the collector says, as far as it matters. */
interface Said {
  readonly text: string;
  readonly code: number | undefined;
  readonly ackId: number | undefined;
  /** Place in the batch of the first event that it cannot read. */
  readonly invalidEvent: number | undefined;
  readonly acks: Readonly<Record<string, unknown>>;
}

const ACKNOWLEDGEMENT_TIMEOUT_MS = 300_000;
/** Waits between two questions, in milliseconds. */
const ASK = { firstMs: 100, growth: 2, maxMs: 5_000 };
/** The request is refused for what the configuration says, not for its events: wrong index, channel missing or wrong, no acknowledgement. */
const CONFIGURATION_CODES: ReadonlySet<number | undefined> = new Set([7, 10, 11, 14]);

const compressed = promisify(gzip);

/**
 * Posts batches to a Splunk HTTP Event Collector. The text of a record is its event with envelope. With acknowledgement a batch counts as
 * delivered when it is indexed; an attempt that ends before goes on asking in the next one, and nothing is sent twice because of it.
 */
export class SplunkSink implements AuditSink {
  readonly name: string;
  readonly acknowledged: boolean;
  readonly #options: SplunkSinkOptions;
  readonly #client: HttpClient;
  readonly #who: string;
  /** Batches that were taken, and may not be indexed yet. */
  readonly #taken = new WeakMap<readonly SinkEntry[], { readonly ackId: number; readonly sinceMs: number }>();

  constructor(options: SplunkSinkOptions) {
    this.name = options.name;
    this.acknowledged = options.acknowledgement;
    this.#options = options;
    this.#client = new HttpClient(options.tls ?? {});
    this.#who = `Splunk at ${options.url.host}`;
  }

  readonly send = async (batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> => {
    try {
      if (!this.#taken.has(batch)) {
        const outcome = await this.#post(batch, signal);
        if (outcome !== undefined) return outcome;
      }
      return await this.#askUntilIndexed(batch, signal);
    } catch (error) {
      return connectionFailed(this.#who, error);
    }
  };

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  /** Sends a batch; `undefined` when it was taken and has yet to be indexed. */
  async #post(batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome | undefined> {
    const { compress = false, clock, acknowledgement } = this.#options;
    const text = Buffer.from(batch.map((entry) => `${entry.text}\n`).join(""));
    const answer = await this.#exchange("event", compress ? await compressed(text) : text, signal, compress);
    const said = readAnswer(answer);
    if (answer.status === 200) {
      if (!acknowledgement) return { kind: "delivered" };
      if (said.ackId === undefined) {
        const message = `${this.#who} takes events and acknowledges none: enable indexer acknowledgement for the token, or set acknowledgement to false`;
        return { kind: "retry", reason: "rejected", message };
      }
      this.#taken.set(batch, { ackId: said.ackId, sinceMs: clock.nowMs() });
      return undefined;
    }
    return this.#refusal(answer, said, batch.length);
  }

  #refusal(answer: HttpAnswer, { text, code, invalidEvent }: Said, events: number): SendOutcome {
    const nowMs = this.#options.clock.wallMs();
    const isOfConfiguration = answer.status === 400 && CONFIGURATION_CODES.has(code);
    const outcome = isOfConfiguration
      ? retryLater(this.#who, answer, nowMs)
      : outcomeOfAnswer(this.#who, answer, nowMs);
    if (outcome.kind === "delivered")
      return { kind: "retry", reason: "rejected", message: `${this.#who} answers ${answer.status}` };
    const message = [outcome.message, text].filter((part) => part !== undefined && part !== "").join(": ");
    if (outcome.kind !== "rejected" || invalidEvent === undefined || invalidEvent >= events)
      return { ...outcome, message };
    // It does not say what became of the events before that one: they come again.
    const retry = Array.from({ length: events }, (_each, place) => place).filter((place) => place !== invalidEvent);
    return { kind: "partial", rejected: 1, retry, reason: "rejected", message };
  }

  async #askUntilIndexed(batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> {
    const { clock, acknowledgementTimeoutMs = ACKNOWLEDGEMENT_TIMEOUT_MS } = this.#options;
    for (let pauseMs = ASK.firstMs; ; pauseMs = Math.min(ASK.maxMs, pauseMs * ASK.growth)) {
      const taken = this.#taken.get(batch);
      if (signal.aborted || taken === undefined) return ABANDONED;
      const answer = await this.#exchange("ack", Buffer.from(JSON.stringify({ acks: [taken.ackId] })), signal);
      if (answer.status !== 200) return this.#unasked(answer);
      if (readAnswer(answer).acks[taken.ackId] === true) return { kind: "delivered" };
      if (clock.nowMs() - taken.sinceMs > acknowledgementTimeoutMs) {
        this.#taken.delete(batch);
        const message = `${this.#who} has not indexed a batch within ${acknowledgementTimeoutMs} ms; it is sent again`;
        return { kind: "retry", reason: "timeout", message };
      }
      await pause(clock, pauseMs, signal);
    }
  }

  /** The question was refused. It is asked again, whatever the status. */
  #unasked(answer: HttpAnswer): SendOutcome {
    const outcome = retryLater(this.#who, answer, this.#options.clock.wallMs());
    const { text } = readAnswer(answer);
    return outcome.kind === "retry" ? { ...outcome, message: `${outcome.message ?? ""}: ${text}` } : outcome;
  }

  #exchange(path: "event" | "ack", body: Uint8Array, signal: AbortSignal, isCompressed = false): Promise<HttpAnswer> {
    const { url, token, channel } = this.#options;
    const headers = {
      authorization: `Splunk ${token}`,
      "content-type": "application/json",
      "x-splunk-request-channel": channel,
      ...(isCompressed && { "content-encoding": "gzip" }),
    };
    return this.#client.send(
      { method: "POST", url: new URL(`/services/collector/${path}`, url), headers, body },
      signal,
    );
  }
}

/** Characters of what the collector says. */
const TEXT_CHARS_MAX = 200;

function readAnswer({ body }: HttpAnswer): Said {
  const said = parsed(body);
  const number = (name: string): number | undefined => {
    const value = said[name];
    return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  const { text, acks } = said;
  return {
    text: typeof text === "string" ? redactText(text, TEXT_CHARS_MAX) : "",
    code: number("code"),
    ackId: number("ackId"),
    invalidEvent: number("invalid-event-number"),
    acks: isObject(acks) ? acks : {},
  };
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const cancel = clock.schedule(ms, end);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  await promise;
  signal.removeEventListener("abort", end);
  cancel();
}
