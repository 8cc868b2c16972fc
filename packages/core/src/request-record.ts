import {
  type Caller,
  type CallSpan,
  type Client,
  LIBRARY_CLIENT,
  REQUEST_METHODS,
  type RegisteredName,
  type RequestFinished,
  type RequestMethod,
  shortText,
} from "@mcp-hangar/telemetry";
import type { AttemptRecord } from "./attempt.ts";
import { type CallResult, LOCAL_CALLER, outcomeOf, type RelayContext } from "./call.ts";
import { startOf, type Unwritten, type Witnesses } from "./witnesses.ts";

const METHODS: ReadonlySet<string> = new Set(REQUEST_METHODS);
/** What a request is about is typed by callers, and kept in records up to this length. */
const SUBJECT_CHARS_MAX = 2_000;

/** What a request is, before it is known what becomes of it. */
export interface RequestStart {
  readonly id: string;
  readonly method: string;
  /** The server, as far as it is known by its name. */
  readonly server: string;
  /** A URI, the name of a prompt or a level, as the caller typed it. */
  readonly subject: string | undefined;
}

/** The book-keeping of one request that is no tool call, from arrival to its one `request.finished` event. */
export class RequestRecord {
  /** The one server that it reaches. */
  server: RegisteredName | undefined;
  /** What a server said, once one has. */
  result: CallResult | undefined;
  /** Whether it was written down that it is about to be done. */
  isBegun = false;
  readonly id: string;
  readonly method: RequestMethod;
  readonly subject: string | undefined;
  readonly attempts: AttemptRecord[] = [];
  readonly span: CallSpan;
  readonly caller: Caller;
  readonly client: Client;
  readonly #witnesses: Witnesses;
  readonly #startedMs: number;

  constructor(start: RequestStart, context: RelayContext, witnesses: Witnesses) {
    const { id, method, server, subject } = start;
    this.id = id;
    // The membership test is the proof of the cast.
    this.method = METHODS.has(method) ? (method as RequestMethod) : "_other";
    this.subject = subject === undefined ? undefined : shortText(subject, SUBJECT_CHARS_MAX);
    this.caller = context.caller ?? LOCAL_CALLER;
    this.client = context.client ?? LIBRARY_CLIENT;
    this.#witnesses = witnesses;
    witnesses.began();
    this.#startedMs = witnesses.clock.nowMs();
    const origin = this.client.transport === "library" ? "library" : "mcp";
    this.span = witnesses.tracer.startCall(startOf(context, { server, tool: undefined, method: this.method, origin }));
  }

  /** Ends the request: its span, and exactly one event. To be called once. The answer must wait for what it returns, and is that where it is a failure. */
  settle(result: CallResult): Unwritten {
    const outcome = outcomeOf(result);
    const { clock } = this.#witnesses;
    const { id: requestId, method, server, subject, caller, client, attempts } = this;
    const event: RequestFinished = {
      type: "request.finished",
      timeMs: clock.wallMs(),
      requestId,
      method,
      server,
      subject,
      outcome,
      durationSeconds: (clock.nowMs() - this.#startedMs) / 1_000,
      caller,
      client,
      trace: this.span.trace,
      attempts,
      rpcErrorCode: result.kind === "error" ? result.error.code : undefined,
    };
    this.span.end(event);
    return this.#witnesses.settled(event);
  }
}
