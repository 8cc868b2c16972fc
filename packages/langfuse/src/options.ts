import type { Clock, QueueLimits } from "@mcp-hangar/delivery";
import type { Mask } from "./masking.ts";

/** The cloud of Langfuse in the European Union; https://us.cloud.langfuse.com is another, and self-hosted ones have their own. */
const HOST = "https://cloud.langfuse.com";
/** Records that wait at most. */
const RECORDS_MAX = 10_000;
/** Bytes that wait at most, arguments and results of calls included. */
const BYTES_MAX = 32 * 1024 * 1024;
/** Characters of arguments, and of a result, that are sent: what is longer is cut. */
const PAYLOAD_CHARS_MAX = 10_000;
/** What Langfuse takes for the name of an environment; all else becomes `default` there. */
const ENVIRONMENT = /^(?!langfuse)[a-z0-9_-]{1,40}$/;

/** How much waits to be sent at most; what finds no room is dropped as `queue_full`. */
export interface LangfuseLimits extends QueueLimits {
  /** Characters of arguments, and of a result, that are sent. */
  readonly payloadCharsMax: number;
}

export interface LangfuseOptions {
  /** Of the project, `pk-lf-…`. */
  readonly publicKey: string;
  /** Of the project, `sk-lf-…`. */
  readonly secretKey: string;
  /** Base URL; https://cloud.langfuse.com when absent. */
  readonly host?: string | undefined;
  /** Such as `production`: lower-case letters, digits, `-` and `_`, not beginning with "langfuse". `default` when absent. */
  readonly environment?: string | undefined;
  /** What is deployed, such as the hash of a commit. */
  readonly release?: string | undefined;
  /** Version of the gateway or of the program. */
  readonly version?: string | undefined;
  /** Share of the traces that are sent, from 0 to 1: a trace is sent as a whole or not at all. 1 when absent. */
  readonly sampleRate?: number | undefined;
  /** Leaves arguments out. True when absent. */
  readonly scrubInputs?: boolean | undefined;
  /** Leaves results and the texts of errors out. True when absent. */
  readonly scrubOutputs?: boolean | undefined;
  /** The last to see what is captured of arguments, results and errors. */
  readonly mask?: Mask | undefined;
  /** Sends the scores `tool_success`, `tool_latency_ms` and `server_health` as well. True when absent. */
  readonly scores?: boolean | undefined;
  readonly limits?: Partial<LangfuseLimits> | undefined;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The options with their defaults. */
export interface Settings
  extends Pick<LangfuseOptions, "publicKey" | "secretKey" | "release" | "version" | "mask" | "clock" | "random"> {
  /** Ends in a slash. */
  readonly baseUrl: string;
  readonly environment: string;
  readonly sampleRate: number;
  readonly scrubInputs: boolean;
  readonly scrubOutputs: boolean;
  readonly scores: boolean;
  readonly limits: LangfuseLimits;
}

/** @throws TypeError saying which option cannot be used. */
export function settingsOf(options: LangfuseOptions): Settings {
  const { publicKey, secretKey, environment = "default", sampleRate = 1, limits = {} } = options;
  for (const [name, key] of Object.entries({ publicKey, secretKey })) {
    if (!/^[!-~]{1,500}$/.test(key))
      throw new TypeError(`${name}: not a key of Langfuse; copy it from the project's settings`);
  }
  if (publicKey.includes(":")) throw new TypeError('publicKey: a public key has no ":" in it');
  if (!(sampleRate >= 0 && sampleRate <= 1)) throw new TypeError(`sampleRate: ${sampleRate} is not between 0 and 1`);
  if (!ENVIRONMENT.test(environment)) {
    throw new TypeError(
      `environment: ${JSON.stringify(environment)}: up to 40 of a-z, 0-9, "-" and "_", not beginning with "langfuse"`,
    );
  }
  return {
    publicKey,
    secretKey,
    baseUrl: baseUrlOf(options.host ?? HOST),
    environment,
    release: options.release,
    version: options.version,
    sampleRate,
    scrubInputs: options.scrubInputs ?? true,
    scrubOutputs: options.scrubOutputs ?? true,
    mask: options.mask,
    scores: options.scores ?? true,
    limits: {
      recordsMax: limits.recordsMax ?? RECORDS_MAX,
      bytesMax: limits.bytesMax ?? BYTES_MAX,
      payloadCharsMax: limits.payloadCharsMax ?? PAYLOAD_CHARS_MAX,
    },
    clock: options.clock,
    random: options.random,
  };
}

function baseUrlOf(host: string): string {
  const url = URL.parse(host);
  const more = [url?.username, url?.password, url?.search, url?.hash].some((part) => part !== "");
  if (url === null || !/^https?:$/.test(url.protocol) || more) {
    // It may hold credentials, and is not repeated therefore.
    throw new TypeError(`host: not the base URL of a Langfuse, such as ${HOST}; leave user, query and fragment out`);
  }
  return url.href.replace(/\/*$/, "/");
}
