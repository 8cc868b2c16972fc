import type { Attempt, CallOutcome } from "./call-course.ts";
import type { RequestFinished } from "./events.ts";
import { causeOf, factMessage, keptMessage, milliseconds } from "./fact-text.ts";
import type { Caller, Client } from "./participants.ts";
import type { RegisteredName } from "./registered-name.ts";
import type { TraceRef } from "./tracer.ts";
import type { CallStatus, RequestMethod } from "./vocabulary.ts";

/** What records say about another request than a tool call: flat, capped and without secrets. */
export function requestFacts(event: RequestFinished): RequestFacts {
  return new RequestFacts(event);
}

/** The one projection of `request.finished`, as `CallFacts` is that of `call.finished`. Texts are searched for secrets when they are read. */
export class RequestFacts {
  readonly kind = "request";
  readonly timeMs: number;
  readonly requestId: string;
  readonly method: RequestMethod;
  /** The one server that it was for; `undefined` when it was for several or none. */
  readonly knownServer: RegisteredName | undefined;
  readonly durationSeconds: number;
  readonly caller: Caller;
  readonly client: Client;
  readonly trace: TraceRef | undefined;
  readonly attempts: readonly Attempt[];
  /** Code of the server's JSON-RPC error. */
  readonly rpcErrorCode: number | undefined;
  readonly #subject: string | undefined;
  readonly #outcome: CallOutcome;
  readonly #message: string | undefined;

  constructor(event: RequestFinished) {
    this.timeMs = event.timeMs;
    this.requestId = event.requestId;
    this.method = event.method;
    this.knownServer = event.server;
    this.durationSeconds = event.durationSeconds;
    this.caller = event.caller;
    this.client = event.client;
    this.trace = event.trace;
    this.attempts = event.attempts;
    this.rpcErrorCode = event.rpcErrorCode;
    this.#subject = event.subject;
    this.#outcome = event.outcome;
    this.#message = keptMessage(event.outcome);
  }

  /** What it was about, as the caller typed it: a URI, the name of a prompt, a level. */
  get subject(): string | undefined {
    return factMessage(this.#subject);
  }

  get status(): CallStatus {
    return this.#outcome.status;
  }

  /** Error type or rejection reason. */
  get cause(): string | undefined {
    return causeOf(this.#outcome);
  }

  /** What a server answered a success with; `undefined` for everything else. */
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

  /** The attempt that the answer comes from; `undefined` when no server was asked. */
  get reached(): Attempt | undefined {
    return this.attempts.at(-1);
  }
}
