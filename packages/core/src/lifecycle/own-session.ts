import type { MessageDirection, MessageKind, RegisteredName } from "@mcp-hangar/telemetry";
import { type Failure, failure } from "../errors.ts";
import { probe } from "../health/probe.ts";
import type { ServerOptions } from "../options.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Platform } from "../platform/platform.ts";
import { isJsonObject, type JsonRpcNotification, type JsonRpcRequest, RPC } from "../protocol/json-rpc.ts";
import type { ConcurrencyLimit } from "../resilience/concurrency-limit.ts";
import { type Deadline, startDeadline } from "../resilience/deadline.ts";
import { orTooLate } from "../talk.ts";
import type {
  ServerRequestReply,
  SessionObserver,
  Transport,
  UpstreamRequest,
  UpstreamSession,
} from "../transports/session.ts";
import { ResourceSubscriptions } from "./resource-subscriptions.ts";
import type { ClientLine } from "./session-party.ts";
import { StartTime } from "./start-time.ts";
import { settledBefore } from "./wait.ts";

/** Milliseconds a session may take over a sign of life, after a call at it was not answered in time. */
const SIGN_OF_LIFE_MS = 5_000;

/** What a session needs of the server that it is one of. */
export interface OwnSessionContext {
  readonly id: RegisteredName;
  readonly options: Pick<ServerOptions, "start_timeout_s" | "call_timeout_s" | "ask_timeout_s"> & {
    readonly fetch_timeout_s?: number;
  };
  readonly transport: Transport;
  readonly platform: Platform;
  /** Starts that may run at a time, by callers in turn. */
  readonly starts: ConcurrencyLimit;
  readonly onLog: (line: string) => void;
  readonly onMessage: (direction: MessageDirection, kind: MessageKind) => void;
  /** What the server says outside of calls. */
  readonly onNotification: (notification: JsonRpcNotification) => void;
  /** The session has ended by itself. */
  readonly onEnded: () => void;
}

/** One session of a server that is for one caller or client alone. It is opened when it is used, and again after it has ended. */
export class OwnSession {
  /** Whose it is, in the words of `ownerOf`; `undefined` when it is for one request. */
  readonly owner: string | undefined;
  /** Whose share of starts and sessions it takes. */
  readonly share: string;
  /** The client that used it last, and can be asked. */
  line: ClientLine | undefined;
  /** Requests that use it or wait for it, and tasks that run in it. */
  users = 0;
  lastUsedMs: number;
  /** Of the requests that use it. */
  readonly deadlines = new Set<Deadline>();
  /** Whether it ends with its last use. */
  passing = false;
  readonly subscriptions: ResourceSubscriptions;
  readonly #context: OwnSessionContext;
  readonly #ending = new AbortController();
  #session: UpstreamSession | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Why it could not be opened last. */
  #refusal: Failure | undefined;
  #doubt: Promise<void> | undefined;

  constructor(owner: string | undefined, share: string, context: OwnSessionContext) {
    const { platform, options } = context;
    this.owner = owner;
    this.share = share;
    this.#context = context;
    this.lastUsedMs = platform.clock.nowMs();
    const timeoutMs = options.call_timeout_s * 1_000;
    this.subscriptions = new ResourceSubscriptions({ platform, timeoutMs, session: () => this.#session });
  }

  /** The live session, if there is one. */
  get session(): UpstreamSession | undefined {
    return this.#session;
  }

  /** Whether nobody uses it or waits for it, nor is subscribed to anything. */
  get isUnwanted(): boolean {
    return this.users === 0 && this.subscriptions.isEmpty;
  }

  /** The same of one that is not about to be opened either: somebody may have left whose next request would find it. */
  get isUnused(): boolean {
    return this.isUnwanted && this.#opening === undefined;
  }

  /** The session, opened if need be. Whoever waits leaves by its own `signal`, which does not end the start. */
  async ready(signal: CancelSignal): Promise<UpstreamSession | Failure> {
    if (this.#session !== undefined) return this.#session;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    const { id } = this.#context;
    if (!(await settledBefore(this.#opening, signal))) {
      return failure("cancelled", `gave up waiting for a session with server "${id}"`);
    }
    return this.#session ?? this.#refusal ?? failure("start_failed", `the session with server "${id}" has ended`);
  }

  /** A call was not answered in time: a session that gives no sign of life either is ended, so that the next call gets another. */
  doubt(): Promise<void> {
    this.#doubt ??= this.#endIfSilent().finally(() => {
      this.#doubt = undefined;
    });
    return this.#doubt;
  }

  /** Tells the server the level of log messages that its client wants. Never rejects. */
  async tellLevel(level: string): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const peer = await session.peerFor("legacy");
    if (peer.era !== "legacy" || !isJsonObject(peer.capabilities.logging)) return;
    const deadline = startDeadline(this.#context.platform.clock, this.#context.options.call_timeout_s * 1_000);
    const request = { method: "logging/setLevel", params: { level }, signal: deadline.signal, trace: {} } as const;
    await session.request({ ...request, clientEra: "legacy" });
    deadline.dispose();
  }

  /** Ends it for good. Resolves when all of it is gone; idempotent, and never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    await this.#opening;
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  async #open(): Promise<void> {
    const { id, starts, options, platform } = this.#context;
    const turn = await starts.acquire(this.share, this.#ending.signal);
    if (turn !== "acquired") {
      const why = turn === "overloaded" ? "too many sessions wait for their start" : "it was stopped";
      this.#refusal = failure(turn === "overloaded" ? "overloaded" : "start_failed", `server "${id}": ${why}`);
      return;
    }
    const late = new AbortController();
    const abort = (reason: Error): void => late.abort(reason);
    const time = new StartTime({ clock: platform.clock, id, options, abort });
    try {
      await this.#openBefore(AbortSignal.any([late.signal, this.#ending.signal]), time);
    } catch (error) {
      const what = `no session with server "${id}" could be opened`;
      const cause: unknown = late.signal.aborted ? late.signal.reason : error;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const told = failure("start_failed", `${what}; those who run the gateway find the reason in its log`);
      this.#refusal = { ...told, diagnosis: `${what}: ${reason}` };
      this.#context.onLog(`${what}: ${reason}`);
    } finally {
      time.end();
      starts.release(this.share);
    }
  }

  /** @throws whatever keeps the session from coming about */
  async #openBefore(signal: CancelSignal, { onPhase }: StartTime): Promise<void> {
    let opened: UpstreamSession | undefined;
    let ended: string | undefined;
    const onClosed: SessionObserver["onClosed"] = ({ message }) => {
      ended = message;
      if (opened !== undefined) this.#ended(opened, message);
    };
    const { onLog, onMessage, onNotification, transport } = this.#context;
    const onServerRequest: SessionObserver["onServerRequest"] = (request, why, call) => this.#ask(request, why, call);
    const observer = { onLog, onMessage, onNotification, onServerRequest, onClosed, onPhase };
    const session = await transport.open(observer, signal, { capabilities: this.line?.abilities ?? {} });
    if (ended !== undefined || signal.aborted) {
      await session.close();
      throw new Error(ended ?? "it was stopped");
    }
    opened = session;
    this.#session = session;
    this.#refusal = undefined;
    const level = this.line?.logLevel;
    if (level !== undefined) await this.tellLevel(level);
    await this.subscriptions.renew();
  }

  #ended(session: UpstreamSession, message: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#context.onLog(`a session of one ${this.owner?.split(" ")[0] ?? "request"} has ended: ${message}`);
    void session.close();
    this.#context.onEnded();
  }

  /**
   * Whoever used the session last is asked on the stream that it keeps open, because the question need not belong to a call; if there is
   * none, on the way of a call. Which call waits for the answer is not known, so that the time of all of them stands still.
   */
  async #ask(request: JsonRpcRequest, why: string, call: UpstreamRequest | undefined): Promise<ServerRequestReply> {
    const { line } = this;
    if (line === undefined || !line.isListening) {
      const inCall = call?.onServerRequest?.(request);
      if (inCall !== undefined) return await inCall;
    }
    if (line === undefined) {
      const message = `${request.method}: no client can be asked, because ${why}`;
      return { kind: "error", error: { code: RPC.methodNotFound, message } };
    }
    const { platform, options } = this.#context;
    const goOn = [...this.deadlines].map((deadline) => deadline.pause());
    try {
      return await orTooLate(request, line.askAnytime(request), options.ask_timeout_s, platform.clock);
    } finally {
      for (const each of goOn) each();
    }
  }

  async #endIfSilent(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const { result, message } = await probe(session, SIGN_OF_LIFE_MS, this.#context.platform.clock);
    if (result !== "healthy") this.#ended(session, message ?? "it gives no sign of life");
  }
}
