import {
  type BatchItem,
  type Caller,
  type CallFinished,
  type CallOrigin,
  type CallOutcome,
  type CallSpan,
  type Client,
  type Decision,
  LIBRARY_CLIENT,
  RESULT_TYPES,
  type RegisteredName,
  registeredName,
  Sensitive,
  shortText,
  type TraceCarrier,
} from "@mcp-hangar/telemetry";
import type { AttemptRecord } from "./attempt.ts";
import { diagnosisOf, type Failure } from "./errors.ts";
import type { ClientLine } from "./lifecycle/session-party.ts";
import type { Era } from "./protocol/eras.ts";
import type { JsonObject, JsonRpcErrorObject, JsonRpcNotification, JsonRpcRequest } from "./protocol/json-rpc.ts";
import { correlationOf } from "./protocol/meta.ts";
import { reportedUsage } from "./protocol/reported-usage.ts";
import type { ResultPayload } from "./protocol/result-payload.ts";
import type { TaskWish } from "./tasks/task-call.ts";
import type { ServerRequestReply } from "./transports/session.ts";
import { startOf, type Unwritten, type Witnesses } from "./witnesses.ts";

/** What every request to an upstream may carry, whatever its method. */
export interface RelayContext {
  readonly caller?: Caller | undefined;
  /** Where the request came from; the library when absent. */
  readonly client?: Client | undefined;
  /** `params._meta` of the caller: trace context, progress token, correlation. */
  readonly meta?: JsonObject | undefined;
  /** Trace context from HTTP headers; that of `_meta` wins. */
  readonly trace?: TraceCarrier | undefined;
  /** Deadline; the server's `call_timeout_s` when absent. */
  readonly timeoutMs?: number | undefined;
  /** Whether progress extends the deadline even though one is given; without one it always does, up to `max_call_s`. */
  readonly extendable?: boolean | undefined;
  /** Progress and log messages of this request. */
  readonly onNotification?: ((notification: JsonRpcNotification) => void) | undefined;
  /** Requests of the server to the agent that arise from this request. */
  readonly onServerRequest?: ((request: JsonRpcRequest) => Promise<ServerRequestReply>) | undefined;
  /** What the agent can do, for modern servers. */
  readonly clientCapabilities?: JsonObject | undefined;
  /** The client behind the request, where it can be reached outside of it; servers may keep a session for it. */
  readonly line?: ClientLine | undefined;
  /** Era in which the agent speaks: one of the legacy era is asked on the way for what a modern server wants to know. */
  readonly clientEra?: Era | undefined;
}

/** One tool call. Only `server` and `tool` are needed. */
export interface ToolCall extends RelayContext {
  readonly server: string;
  readonly tool: string;
  readonly arguments?: JsonObject | undefined;
  /** Further members of `params` that are passed on as they are, such as `requestState` and `inputResponses`. */
  readonly extra?: JsonObject | undefined;
  /** Why the call is refused, once its tool is known: the last look before it is sent. */
  readonly refusedFor?: ((definition: JsonObject) => Failure | undefined) | undefined;
  /** The wish of the client that the call becomes a task. */
  readonly task?: TaskWish | undefined;
  readonly origin?: CallOrigin | undefined;
  readonly batch?: BatchItem | undefined;
  /** Identity of the call in events and records, where the gateway's own part has to know it; must be unique. */
  readonly callId?: string | undefined;
  /** Identifiers for correlation in Langfuse and audit records; those of `_meta` when absent. */
  readonly traceId?: string | undefined;
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** How a call or a relayed request ended. Nothing is thrown: a refusal is a value. */
export type CallResult =
  | { readonly kind: "result"; readonly result: ResultPayload }
  /** The upstream's own JSON-RPC error, passed on verbatim. */
  | { readonly kind: "error"; readonly error: JsonRpcErrorObject }
  | Failure;

/** Whoever runs the process: the caller over stdio and through the library. */
export const LOCAL_CALLER: Caller = { type: "local", id: registeredName("local"), roles: [], credential: "local" };

/** Names typed by callers are kept in records up to this length. */
const MAX_NAME = 200;

/** The book-keeping of one call from arrival to its one `call.finished` event. */
export class CallRecord {
  server: RegisteredName | undefined;
  tool: RegisteredName | undefined;
  group: RegisteredName | undefined;
  decision: Decision | undefined;
  coldStart = false;
  /** Whether it was written down that it is about to be done. */
  isBegun = false;
  readonly id: string;
  readonly attempts: AttemptRecord[] = [];
  readonly span: CallSpan;
  readonly caller: Caller;
  readonly client: Client;
  readonly call: ToolCall;
  readonly #witnesses: Witnesses;
  readonly #startedMs: number;
  #settled = false;

  constructor(call: ToolCall, id: string, witnesses: Witnesses) {
    this.call = call;
    this.id = id;
    this.#witnesses = witnesses;
    witnesses.began();
    this.#startedMs = witnesses.clock.nowMs();
    this.caller = call.caller ?? LOCAL_CALLER;
    this.client = call.client ?? LIBRARY_CLIENT;
    const { server, tool, origin = "library", batch } = call;
    this.span = witnesses.tracer.startCall(startOf(call, { server, tool, method: "tools/call", origin, batch }));
  }

  /** Ends the call: its span, and exactly one event. Later calls change nothing. The answer must wait for what it returns, and is that where it is a failure. */
  settle(result: CallResult): Unwritten {
    if (this.#settled) return undefined;
    this.#settled = true;
    const outcome = outcomeOf(result);
    const { call } = this;
    const { clock } = this.#witnesses;
    const event: CallFinished = {
      type: "call.finished",
      timeMs: clock.wallMs(),
      callId: this.id,
      origin: call.origin ?? "library",
      server: this.server,
      tool: this.tool,
      requestedServer: shortText(call.server, MAX_NAME),
      requestedTool: shortText(call.tool, MAX_NAME),
      outcome,
      durationSeconds: (clock.nowMs() - this.#startedMs) / 1_000,
      coldStart: this.coldStart,
      caller: this.caller,
      client: this.client,
      decision: this.decision,
      correlation: {
        ...correlationOf(call.meta),
        ...(call.traceId === undefined ? {} : { traceId: call.traceId }),
        ...(call.userId === undefined ? {} : { userId: call.userId }),
        ...(call.sessionId === undefined ? {} : { sessionId: call.sessionId }),
      },
      trace: this.span.trace,
      group: this.group,
      attempts: this.attempts,
      rpcErrorCode: result.kind === "error" ? result.error.code : undefined,
      batch: call.batch,
      usage: result.kind === "result" ? reportedUsage(result.result, this.#witnesses.readUsage) : undefined,
      arguments: new Sensitive<unknown>(call.arguments),
      result: result.kind === "result" ? new Sensitive<unknown>(result.result) : undefined,
    };
    this.span.end(event);
    return this.#witnesses.settled(event);
  }
}

/** What a result means for telemetry. An `isError` result is passed on as a result, but the call has failed. */
export function outcomeOf(result: CallResult): CallOutcome {
  switch (result.kind) {
    case "result":
      if (result.result.isError)
        return { status: "error", errorType: "tool_error", message: "the tool reported an error" };
      return {
        status: "success",
        resultType: RESULT_TYPES.find((type) => type === result.result.resultType) ?? "complete",
      };
    case "error":
      return {
        status: "error",
        errorType: "upstream_error",
        message: `${result.error.message} (${result.error.code})`,
      };
    case "failure":
      return failureOutcome(result);
  }
}

function failureOutcome(failed: Failure): CallOutcome {
  const { code } = failed;
  const message = diagnosisOf(failed);
  switch (code) {
    case "timeout":
      return { status: "timeout", errorType: code, message };
    case "cancelled":
      return { status: "cancelled", message };
    case "rate_limited":
    case "access_denied":
    case "invalid_request":
    case "unknown_tool":
    case "unauthenticated":
      return { status: "rejected", reason: code, message };
    default:
      return { status: "error", errorType: code, message };
  }
}
