import type { Attempt, CallOutcome } from "./call-course.ts";
import type { RequestFinished } from "./events.ts";
import { causeOf, factMessage, keptMessage, milliseconds } from "./fact-text.ts";
import type { Caller, Client } from "./participants.ts";
import type { RegisteredName } from "./registered-name.ts";
import type { TraceRef } from "./tracer.ts";
import type { CallStatus } from "./vocabulary.ts";

/** What events of the end of something have in common. */
type EndedEvent = Pick<
  RequestFinished,
  "timeMs" | "durationSeconds" | "caller" | "client" | "trace" | "attempts" | "rpcErrorCode" | "server" | "outcome"
>;

/**
 * What records say about the end of whatever a caller had done: a tool call, a task or another request. It is flat, capped and without secrets.
 * Taking it costs next to nothing; texts are searched for secrets when they are read, which need not be on the time of the caller.
 * It does not hold the event, so that a queue of facts is no queue of payloads.
 */
export abstract class EndedFacts {
  readonly timeMs: number;
  readonly durationSeconds: number;
  readonly caller: Caller;
  readonly client: Client;
  readonly trace: TraceRef | undefined;
  readonly attempts: readonly Attempt[];
  /** Code of the server's JSON-RPC error. */
  readonly rpcErrorCode: number | undefined;
  /** The one server that it was for; `undefined` when it was for several, for none, or for one that is unknown. */
  readonly knownServer: RegisteredName | undefined;
  readonly #outcome: CallOutcome;
  readonly #message: string | undefined;

  constructor(event: EndedEvent) {
    this.timeMs = event.timeMs;
    this.durationSeconds = event.durationSeconds;
    this.caller = event.caller;
    this.client = event.client;
    this.trace = event.trace;
    this.attempts = event.attempts;
    this.rpcErrorCode = event.rpcErrorCode;
    this.knownServer = event.server;
    this.#outcome = event.outcome;
    this.#message = keptMessage(event.outcome);
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

  /** In whose words it may be: for the log and the history, which those who run the gateway read. */
  get message(): string | undefined {
    return factMessage(this.#message);
  }

  /**
   * The same in words of our own, for what leaves the gateway: servers quote in theirs what they were sent. Of a failure it is the cause,
   * with the code of the server's JSON-RPC error.
   */
  get summary(): string | undefined {
    if (this.#outcome.status !== "error") return this.message;
    return this.rpcErrorCode === undefined ? this.cause : `${this.cause} (${this.rpcErrorCode})`;
  }

  /** With microseconds as decimals. */
  get durationMs(): number {
    return milliseconds(this.durationSeconds);
  }

  /** The attempt that the answer comes from; `undefined` when it was refused before one. */
  get reached(): Attempt | undefined {
    return this.attempts.at(-1);
  }
}
