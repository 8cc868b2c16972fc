import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock, SendOutcome } from "@mcp-hangar/delivery";
import type { AuditSink, SinkEntry } from "../../sink.ts";
import { connectionFailed } from "../failure.ts";
import { retryLater } from "../http/answer-outcome.ts";
import { type HttpAnswer, HttpClient } from "../http/http-client.ts";
import type { TlsFiles } from "../tls-files.ts";
import { objectKey } from "./object-key.ts";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3SinkOptions {
  readonly name: string;
  /** Such as `https://s3.eu-central-1.amazonaws.com`, or that of another storage with the same interface. */
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  /** What the names of objects begin with, such as `audit/`: letters, digits and `/ _ . = -`. */
  readonly prefix?: string;
  /** Whether the bucket is the first part of the path; the first part of the host otherwise. */
  readonly pathStyle: boolean;
  /** Asked before every object, so that credentials may change. */
  readonly credentials: () => Promise<S3Credentials>;
  /** How objects are locked, in a bucket with Object Lock. */
  readonly lock?: { readonly mode: "GOVERNANCE" | "COMPLIANCE"; readonly retainMs: number };
  /** `AES256`, `aws:kms`, … with the id of a key. */
  readonly encryption?: { readonly algorithm: string; readonly keyId?: string };
  /** Whether a batch that is there already is not written again; false for storages that do not know `If-None-Match`. */
  readonly conditional?: boolean;
  readonly tls?: TlsFiles;
  readonly clock: Clock;
}

const compressed = promisify(gzip);

/**
 * Puts each batch into an object of its own in a bucket with the S3 API, one record a line, compressed with gzip and with its SHA-256.
 * A batch that is sent again has the same name, and is not written twice. Objects are made as often as the exporter's batches are, so
 * those of this sink want to be large.
 */
export class S3Sink implements AuditSink {
  readonly name: string;
  readonly acknowledged = true;
  readonly #options: S3SinkOptions;
  readonly #client: HttpClient;

  /** @throws RangeError when the prefix has a character that storages escape in different ways. */
  constructor(options: S3SinkOptions) {
    if (!/^[\w/.=-]*$/.test(options.prefix ?? "")) {
      throw new RangeError(`the prefix "${options.prefix}" may have letters, digits and / _ . = - only`);
    }
    this.name = options.name;
    this.#options = options;
    this.#client = new HttpClient(options.tls ?? {});
  }

  readonly send = async (batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> => {
    const { bucket, endpoint, prefix = "" } = this.#options;
    const who = `the bucket "${bucket}" at ${endpoint.host}`;
    try {
      const body = await compressed(batch.map(({ text }) => `${text}\n`).join(""));
      const url = this.#urlOf(objectKey(batch, { prefix, suffix: ".ndjson.gz" }));
      const headers = await this.#signed(url, this.#headersFor(body), body);
      return this.#outcomeOf(who, await this.#client.send({ method: "PUT", url, headers, body }, signal));
    } catch (error) {
      return connectionFailed(who, error);
    }
  };

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  #urlOf(key: string): URL {
    const { endpoint, bucket, pathStyle } = this.#options;
    const url = new URL(endpoint);
    const base = url.pathname.replace(/\/$/, "");
    if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`;
    url.pathname = pathStyle ? `${base}/${bucket}/${key}` : `${base}/${key}`;
    return url;
  }

  #headersFor(body: Buffer): Readonly<Record<string, string>> {
    const { lock, encryption, conditional = true, clock } = this.#options;
    return {
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
      // With a lock, the algorithm has to be named as well.
      "x-amz-sdk-checksum-algorithm": "SHA256",
      "x-amz-checksum-sha256": createHash("sha256").update(body).digest("base64"),
      ...(conditional && { "if-none-match": "*" }),
      ...(lock && {
        "x-amz-object-lock-mode": lock.mode,
        "x-amz-object-lock-retain-until-date": new Date(clock.wallMs() + lock.retainMs).toISOString(),
      }),
      ...(encryption && {
        "x-amz-server-side-encryption": encryption.algorithm,
        ...(encryption.keyId !== undefined && { "x-amz-server-side-encryption-aws-kms-key-id": encryption.keyId }),
      }),
    };
  }

  async #signed(url: URL, headers: Readonly<Record<string, string>>, body: Buffer): Promise<Record<string, string>> {
    const { region, credentials, clock } = this.#options;
    // The signer is wanted only by those who use object storage.
    const [{ SignatureV4 }, { Sha256 }] = await Promise.all([import("@smithy/signature-v4"), import("./sha256.ts")]);
    const signer = new SignatureV4({ service: "s3", region, credentials, sha256: Sha256, uriEscapePath: false });
    const { protocol, hostname, pathname: path } = url;
    const request = { method: "PUT", protocol, hostname, path, headers: { ...headers, host: url.host }, body };
    const { headers: signed } = await signer.sign(request, { signingDate: new Date(clock.wallMs()) });
    return signed;
  }

  /** No status says that records are at fault: buckets, rights and clocks are mended by people. */
  #outcomeOf(who: string, answer: HttpAnswer): SendOutcome {
    if (answer.status >= 200 && answer.status <= 299) return { kind: "delivered" };
    const { conditional = true, clock } = this.#options;
    // An attempt whose answer was lost has written it.
    if (answer.status === 412 && conditional) return { kind: "delivered" };
    const outcome = retryLater(who, answer, clock.wallMs());
    const code = /<Code>([A-Za-z0-9.]{1,100})<\/Code>/.exec(answer.body)?.[1];
    return code === undefined || outcome.kind !== "retry"
      ? outcome
      : { ...outcome, message: `${outcome.message ?? ""} (${code})` };
  }
}
