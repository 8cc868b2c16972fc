import type { BatchItem, Decision } from "./call-course.ts";
import { EndedFacts } from "./ended-facts.ts";
import type { CallFinished } from "./events.ts";
import { factName } from "./fact-text.ts";
import type { Correlation } from "./participants.ts";
import type { RegisteredName } from "./registered-name.ts";
import type { Usage } from "./usage.ts";
import type { CallOrigin } from "./vocabulary.ts";

/** What records say about a finished call: flat, capped, without secrets, and without arguments and result. */
export function callFacts(event: CallFinished): CallFacts {
  return new CallFacts(event);
}

/** The one projection of `call.finished` that log lines, history, event stream, spans and audit records start from. */
export class CallFacts extends EndedFacts {
  readonly kind = "call";
  readonly callId: string;
  readonly origin: CallOrigin;
  readonly coldStart: boolean;
  readonly decision: Decision | undefined;
  /** The group that was called; `undefined` where a server was. */
  readonly group: string | undefined;
  readonly batch: BatchItem | undefined;
  /** What the server says that it has cost; the name of the model may be any text, see {@link model}. */
  readonly usage: Usage | undefined;
  /** The tool that the name stands for; `undefined` when it is unknown. */
  readonly knownTool: RegisteredName | undefined;
  readonly #server: string;
  readonly #tool: string;
  readonly #correlation: Correlation;

  constructor(event: CallFinished) {
    super(event);
    this.callId = event.callId;
    this.origin = event.origin;
    this.coldStart = event.coldStart;
    this.decision = event.decision;
    this.group = event.group;
    this.batch = event.batch;
    this.usage = event.usage;
    this.knownTool = event.tool;
    this.#server = event.server ?? event.requestedServer;
    this.#tool = event.tool ?? event.requestedTool;
    this.#correlation = event.correlation;
  }

  /** The server that the name stands for, or the name as the caller typed it. */
  get server(): string {
    return this.knownServer ?? factName(this.#server);
  }

  get tool(): string {
    return factName(this.#tool);
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

  /** The model that the server names. */
  get model(): string | undefined {
    return factName(this.usage?.model);
  }
}
