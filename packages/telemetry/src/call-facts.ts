import type { Attempt, BatchItem, CallOutcome, Decision } from "./call-course.ts";
import type { CallFinished } from "./events.ts";
import { causeOf, factMessage, factName, keptMessage, milliseconds } from "./fact-text.ts";
import type { Caller, Client, Correlation } from "./participants.ts";
import type { RegisteredName } from "./registered-name.ts";
import type { TraceRef } from "./tracer.ts";
import type { CallOrigin, CallStatus } from "./vocabulary.ts";

/** What records say about a finished call: flat, capped, without secrets, and without arguments and result. */
export function callFacts(event: CallFinished): CallFacts {
  return new CallFacts(event);
}

/**
 * The one projection of `call.finished` that log lines, history, event stream, spans and audit records start from. Taking it costs
 * next to nothing; texts are searched for secrets when they are read, which need not be on the time of the caller. It does not hold
 * the event, so that a queue of facts is no queue of payloads.
 */
export class CallFacts {
  readonly kind = "call";
  readonly timeMs: number;
  readonly callId: string;
  readonly origin: CallOrigin;
  readonly durationSeconds: number;
  readonly coldStart: boolean;
  readonly caller: Caller;
  readonly client: Client;
  readonly decision: Decision | undefined;
  readonly trace: TraceRef | undefined;
  /** The group that was called; `undefined` where a server was. */
  readonly group: string | undefined;
  readonly attempts: readonly Attempt[];
  /** Code of the server's JSON-RPC error. */
  readonly rpcErrorCode: number | undefined;
  readonly batch: BatchItem | undefined;
  /** The server and the tool that the names stand for; `undefined` when they are unknown. */
  readonly knownServer: RegisteredName | undefined;
  readonly knownTool: RegisteredName | undefined;
  readonly #server: string;
  readonly #tool: string;
  readonly #outcome: CallOutcome;
  readonly #message: string | undefined;
  readonly #correlation: Correlation;

  constructor(event: CallFinished) {
    this.timeMs = event.timeMs;
    this.callId = event.callId;
    this.origin = event.origin;
    this.durationSeconds = event.durationSeconds;
    this.coldStart = event.coldStart;
    this.caller = event.caller;
    this.client = event.client;
    this.decision = event.decision;
    this.trace = event.trace;
    this.group = event.group;
    this.attempts = event.attempts;
    this.rpcErrorCode = event.rpcErrorCode;
    this.batch = event.batch;
    this.knownServer = event.server;
    this.knownTool = event.tool;
    this.#server = event.server ?? event.requestedServer;
    this.#tool = event.tool ?? event.requestedTool;
    this.#outcome = event.outcome;
    this.#message = keptMessage(event.outcome);
    this.#correlation = event.correlation;
  }

  /** The server that the name stands for, or the name as the caller typed it. */
  get server(): string {
    return this.knownServer ?? factName(this.#server);
  }

  get tool(): string {
    return factName(this.#tool);
  }

  get status(): CallStatus {
    return this.#outcome.status;
  }

  /** Error type or rejection reason. */
  get cause(): string | undefined {
    return causeOf(this.#outcome);
  }

  /** What a success was answered with: a result, a question or a task; `undefined` for everything else. */
  get resultType(): string | undefined {
    return this.#outcome.status === "success" ? this.#outcome.resultType : undefined;
  }

  get message(): string | undefined {
    return factMessage(this.#message);
  }

  /** With microseconds as decimals. */
  get durationMs(): number {
    return milliseconds(this.durationSeconds);
  }

  /** What the caller calls their user, session and trace. */
  get userId(): string | undefined {
    return factName(this.#correlation.userId);
  }

  get sessionId(): string | undefined {
    return factName(this.#correlation.sessionId);
  }

  get correlationId(): string | undefined {
    return factName(this.#correlation.traceId);
  }

  /** The trace that it is part of, or else the one that the caller names. */
  get traceId(): string | undefined {
    return this.trace?.traceId ?? this.correlationId;
  }

  get clientName(): string | undefined {
    return factName(this.client.name);
  }

  get clientVersion(): string | undefined {
    return factName(this.client.version);
  }

  get userAgent(): string | undefined {
    return factName(this.client.userAgent);
  }

  /** The attempt that the answer comes from; `undefined` when the call was refused before one. */
  get reached(): Attempt | undefined {
    return this.attempts.at(-1);
  }

  /** Seconds that it waited for slots and starts, over all attempts. */
  get waitedSeconds(): number {
    return this.attempts.reduce((sum, each) => sum + each.waitedSeconds + (each.coldStartSeconds ?? 0), 0);
  }
}
