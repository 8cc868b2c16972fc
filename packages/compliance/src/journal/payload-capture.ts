import {
  type AuditCaptured,
  type AuditCaptureOmission,
  type CallFinished,
  isSecretKey,
  REDACTED,
  redactText,
  type Sensitive,
} from "@mcp-hangar/telemetry";
import type { EncryptPayload } from "./encrypted-payload.ts";

/** What of which calls is captured, and to whom it is encrypted. */
export interface PayloadCaptureOptions {
  /** Encrypts to the key of those who may read it (`encryptedPayload`). */
  readonly encrypt: EncryptPayload;
  readonly arguments: boolean;
  readonly results: boolean;
  /** Bytes of either as JSON; what is larger is left out, and the record says so. */
  readonly bytesMax: number;
  /** Whether secrets are replaced before: values of names such as `password`, and what is known or looks like a secret. */
  readonly redact: boolean;
  /** Whether calls of this tool are captured. */
  readonly wants: (server: string, tool: string) => boolean;
}

/** Calls whose payload is being encrypted: some milliseconds of work, and some megabytes. */
const UNDER_WAY_MAX = 256;
/** What a message holds beside arguments or a result: names, ids, `_meta`. */
const ENVELOPE_BYTES = 16_384;
/** What encryption adds, Base64 included. */
const CIPHER_BYTES = 1_200;
const CIPHER_FACTOR = 4 / 3;

/** Captures what calls are given and give back, encrypted. Of what never left the gateway, or never came, there is nothing. */
export class PayloadCapture {
  readonly #options: PayloadCaptureOptions;
  #underWay = 0;

  constructor(options: PayloadCaptureOptions) {
    this.#options = options;
  }

  /** Bytes that what is captured of a call takes at most; 0 where nothing is. */
  bytesOf(event: CallFinished): number {
    return sumOf(this.#sizesOf(event).map((bytes) => (this.#isSmall(bytes) ? this.#cipherBytes(bytes) : 0)));
  }

  /** Reads the payload at once, and never rejects; `undefined` for calls of which nothing is captured. */
  of(event: CallFinished): Promise<AuditCaptured> | undefined {
    const [argsBytes, resultBytes] = this.#sizesOf(event);
    if (argsBytes === undefined && resultBytes === undefined) return undefined;
    if (this.#underWay >= UNDER_WAY_MAX) return Promise.resolve({ omitted: "busy" });
    this.#underWay += 1;
    const both = Promise.all([
      this.#encrypted(argsBytes, () => revealed(event.arguments)),
      this.#encrypted(resultBytes, () => plainResult(revealed(event.result))),
    ]);
    return both.then(([args, result]) => {
      this.#underWay -= 1;
      const omitted = args?.omitted ?? result?.omitted;
      return {
        ...(args?.text !== undefined && { arguments: args.text }),
        ...(result?.text !== undefined && { result: result.text }),
        ...(omitted !== undefined && { omitted }),
      };
    });
  }

  /** Bytes of the messages with arguments and with the result, as far as either is wanted and was sent. */
  #sizesOf({ server, tool, attempts }: CallFinished): readonly [args: number | undefined, result: number | undefined] {
    const { wants, arguments: wantsArguments, results } = this.#options;
    const { requestBytes, responseBytes } = attempts.at(-1) ?? {};
    if (server === undefined || tool === undefined || !wants(server, tool)) return [undefined, undefined];
    return [wantsArguments ? requestBytes : undefined, results ? responseBytes : undefined];
  }

  #isSmall(messageBytes: number | undefined): messageBytes is number {
    return messageBytes !== undefined && messageBytes <= this.#options.bytesMax + ENVELOPE_BYTES;
  }

  #cipherBytes(messageBytes: number): number {
    return Math.ceil(Math.min(messageBytes, this.#options.bytesMax) * CIPHER_FACTOR) + CIPHER_BYTES;
  }

  async #encrypted(messageBytes: number | undefined, read: () => unknown): Promise<Captured | undefined> {
    const { encrypt, bytesMax, redact } = this.#options;
    if (messageBytes === undefined) return undefined;
    // What is much too large is not parsed and written as JSON to find that out.
    if (!this.#isSmall(messageBytes)) return { omitted: "too_large" };
    try {
      const payload = read();
      if (payload === undefined) return undefined;
      const text = JSON.stringify(payload, redact ? withoutSecrets : undefined);
      if (Buffer.byteLength(text) > bytesMax) return { omitted: "too_large" };
      return { text: await encrypt(JSON.parse(text)) };
    } catch {
      return { omitted: "failed" };
    }
  }
}

interface Captured {
  readonly text?: string;
  readonly omitted?: AuditCaptureOmission;
}

function revealed(value: Sensitive<unknown> | undefined): unknown {
  return value?.reveal({ exporter: "audit_journal", capture: true });
}

/** A result of the gateway is held parsed or as bytes, and gives its `value` either way, parsed only when it is asked for. */
function plainResult(result: unknown): unknown {
  return typeof result === "object" && result !== null && "bytes" in result && "value" in result
    ? result.value
    : result;
}

function withoutSecrets(name: string, member: unknown): unknown {
  if (isSecretKey(name)) return REDACTED;
  return typeof member === "string" ? redactText(member, Math.max(member.length, 1)) : member;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
