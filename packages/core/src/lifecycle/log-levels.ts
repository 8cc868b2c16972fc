import type { Platform } from "../platform/platform.ts";
import { isJsonObject, type JsonRpcErrorObject } from "../protocol/json-rpc.ts";
import { startDeadline } from "../resilience/deadline.ts";
import type { UpstreamSession } from "../transports/session.ts";

/** The levels of log messages, the most verbose first. */
export const LOG_LEVELS: readonly string[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];

/** What a client hears that never said what it wants: nobody else's wish may keep that from it. */
export const DEFAULT_LOG_LEVEL = "info";

/** Whether a client that wants messages of `wanted` and above hears one of `level`. A level that does not exist is an `info`. */
export function hearsLevel(wanted: string, level: unknown): boolean {
  const index = typeof level === "string" ? LOG_LEVELS.indexOf(level) : -1;
  return (index === -1 ? LOG_LEVELS.indexOf(DEFAULT_LOG_LEVEL) : index) >= LOG_LEVELS.indexOf(wanted);
}

/** What the levels need of the server around them. */
export interface LogLevelContext {
  readonly platform: Platform;
  /** Milliseconds the server may take to answer. */
  readonly timeoutMs: number;
  /** The live session, if there is one. */
  readonly session: () => UpstreamSession | undefined;
}

/**
 * The level of log messages of one legacy server. It has one for all of the gateway's clients, so it is told the most verbose
 * that any of them wants; each hears what it asked for, because the gateway leaves out the rest.
 */
export class LogLevels {
  readonly #context: LogLevelContext;
  readonly #wanted = new Map<object, string>();
  /** What the server was told last, and in which session. */
  #told: { readonly session: UpstreamSession; readonly level: string } | undefined;
  /** One message at a time: of two under way, the server might take the older one last. */
  #telling: Promise<unknown> = Promise.resolve();

  constructor(context: LogLevelContext) {
    this.#context = context;
  }

  /** A client (any object that stands for it) wants these messages from now on. Resolves to why the server refused. */
  want(client: object, level: string): Promise<JsonRpcErrorObject | undefined> {
    this.#wanted.set(client, level);
    return this.#tell();
  }

  /** A client has gone. */
  forget(client: object): void {
    if (this.#wanted.delete(client)) void this.#tell();
  }

  /** The server has started, and knows nothing of what it was told before. */
  renew(): void {
    if (this.#wanted.size > 0) void this.#tell();
  }

  #tell(): Promise<JsonRpcErrorObject | undefined> {
    const told = this.#telling.then(() => this.#tellNow());
    this.#telling = told.catch(() => {});
    return told;
  }

  async #tellNow(): Promise<JsonRpcErrorObject | undefined> {
    const session = this.#context.session();
    if (session === undefined) return undefined;
    const level = this.#mostVerbose();
    if (this.#told?.session === session && this.#told.level === level) return undefined;
    const peer = await session.peerFor("legacy");
    // Modern servers are told with each request.
    if (peer.era !== "legacy" || !isJsonObject(peer.capabilities.logging)) return undefined;
    const { clock } = this.#context.platform;
    const deadline = startDeadline(clock, this.#context.timeoutMs);
    const request = { method: "logging/setLevel", params: { level }, signal: deadline.signal, trace: {} } as const;
    const reply = await session.request({ ...request, clientEra: "legacy" });
    deadline.dispose();
    if (reply.kind === "error") return reply.error;
    if (reply.kind === "result") this.#told = { session, level };
    return undefined;
  }

  #mostVerbose(): string {
    const wanted = [DEFAULT_LOG_LEVEL, ...this.#wanted.values()];
    return LOG_LEVELS.find((level) => wanted.includes(level)) ?? DEFAULT_LOG_LEVEL;
  }
}
