import { createHash, createHmac } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock, SendOutcome } from "@mcp-hangar/delivery";
import type { AuditSink, SinkEntry } from "../../sink.ts";
import { connectionFailed } from "../failure.ts";
import type { TlsFiles } from "../tls-files.ts";
import { outcomeOfAnswer } from "./answer-outcome.ts";
import { HttpClient } from "./http-client.ts";

export interface WebhookSinkOptions {
  readonly name: string;
  readonly url: URL;
  /** The media type of a body of many records (`AuditFormat.mediaType`). */
  readonly mediaType: string;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Keys that requests are signed with, as `whsec_` and Base64; two while one takes the place of the other. */
  readonly secrets?: readonly string[];
  /** Whether bodies are compressed with gzip. */
  readonly compress?: boolean;
  readonly tls?: TlsFiles;
  readonly clock: Clock;
}

const compressed = promisify(gzip);

/**
 * Posts batches to a URL, one record a line. A request that is signed has the headers of Standard Webhooks: `webhook-id`, which stays the
 * same when a batch is sent again, `webhook-timestamp` and `webhook-signature` over the body before it is compressed. Every status from
 * 200 to 299 means that the receiver has the records; 400, 413 and 422 refuse them for good.
 */
export class WebhookSink implements AuditSink {
  readonly name: string;
  readonly acknowledged = true;
  readonly #options: WebhookSinkOptions;
  readonly #client: HttpClient;
  readonly #keys: readonly Buffer[];

  /** @throws RangeError when a secret is no `whsec_` and Base64 of at least 24 bytes. */
  constructor(options: WebhookSinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#client = new HttpClient(options.tls ?? {});
    this.#keys = (options.secrets ?? []).map(keyOf);
  }

  readonly send = async (batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> => {
    const { url, mediaType, headers, compress = false, clock } = this.#options;
    const who = `the webhook at ${url.host}`;
    try {
      const text = Buffer.from(batch.map((entry) => `${entry.text}\n`).join(""));
      const body = compress ? await compressed(text) : text;
      const all = {
        ...headers,
        "content-type": mediaType,
        ...(compress && { "content-encoding": "gzip" }),
        ...this.#signature(batch, text),
      };
      const answer = await this.#client.send({ method: "POST", url, headers: all, body }, signal);
      return outcomeOfAnswer(who, answer, clock.wallMs());
    } catch (error) {
      return connectionFailed(who, error);
    }
  };

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  #signature(batch: readonly SinkEntry[], text: Buffer): Readonly<Record<string, string>> {
    const ids = createHash("sha256").update(batch.map(({ record }) => record.id).join("\n"));
    const id = `msg_${ids.digest("base64url")}`;
    const timestamp = String(Math.floor(this.#options.clock.wallMs() / 1_000));
    const signatures = this.#keys.map((key) => {
      const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(text);
      return `v1,${hmac.digest("base64")}`;
    });
    return {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      ...(signatures.length > 0 && { "webhook-signature": signatures.join(" ") }),
    };
  }
}

const SECRET_PREFIX = "whsec_";
/** By Standard Webhooks. */
const KEY_BYTES_MIN = 24;

function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
  if (!secret.startsWith(SECRET_PREFIX) || key.length < KEY_BYTES_MIN) {
    throw new RangeError(`a secret of a webhook is "${SECRET_PREFIX}" and at least ${KEY_BYTES_MIN} bytes as Base64`);
  }
  return key;
}
