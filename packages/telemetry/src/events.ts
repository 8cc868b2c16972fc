import type { Attempt, BatchItem, CallOutcome, Decision } from "./call-course.ts";
import type { Caller, Client, Correlation } from "./participants.ts";
import type { RegisteredName } from "./registered-name.ts";
import type { Sensitive } from "./sensitive.ts";
import type { TraceRef } from "./tracer.ts";
import type { Usage } from "./usage.ts";
import type {
  AuthenticationFailure,
  BatchCancellationReason,
  BatchResult,
  BreakerStateName,
  CallOrigin,
  CallStatus,
  CollectionReason,
  DenialReason,
  Door,
  HealthResult,
  HttpMethod,
  HttpStatusLabel,
  ListFaultAction,
  ListLabel,
  OperationEffect,
  OperationOutcome,
  RegistrationOrigin,
  ReloadResult,
  ReloadTrigger,
  RequestMethod,
  ServerMode,
  ServerStateName,
  SessionEndReason,
  StartResult,
  StateCause,
  StopReason,
  ToolChange,
} from "./vocabulary.ts";

interface EventBase<Type extends string> {
  readonly type: Type;
  /** When it happened, in milliseconds since the epoch. */
  readonly timeMs: number;
}

/** A tool call ended, whatever path it took. Emitted exactly once a call. */
export interface CallFinished extends EventBase<"call.finished"> {
  readonly callId: string;
  readonly origin: CallOrigin;
  /** The server and tool that the names resolved to; `undefined` when the name is unknown. */
  readonly server: RegisteredName | undefined;
  readonly tool: RegisteredName | undefined;
  /** The names as the caller typed them: for records, never for labels. */
  readonly requestedServer: string;
  readonly requestedTool: string;
  readonly outcome: CallOutcome;
  /** From the arrival at the gateway to the settled outcome. */
  readonly durationSeconds: number;
  /** Whether this call had to wait for a server start. */
  readonly coldStart: boolean;
  readonly caller: Caller;
  readonly client: Client;
  /** What allowed or denied the call; `undefined` when it was refused before that was asked. */
  readonly decision: Decision | undefined;
  readonly correlation: Correlation;
  readonly trace: TraceRef | undefined;
  /** The group that was called; `server` is the member that answered, then. */
  readonly group: RegisteredName | undefined;
  /** In their order; none when the call was refused. */
  readonly attempts: readonly Attempt[];
  /** Code of the server's JSON-RPC error; `undefined` when it answered otherwise. */
  readonly rpcErrorCode: number | undefined;
  readonly batch: BatchItem | undefined;
  /** What the server says that the call has cost; absent when it says nothing, or nobody wants to know. */
  readonly usage?: Usage | undefined;
  readonly arguments: Sensitive<unknown>;
  readonly result: Sensitive<unknown> | undefined;
}

/**
 * Another request of a client ended, one that reaches a server or a list or opens something. Emitted exactly once a request;
 * tool calls, batches and operations of the management have events of their own.
 */
export interface RequestFinished extends EventBase<"request.finished"> {
  readonly requestId: string;
  readonly method: RequestMethod;
  /** The one server that it was for; `undefined` when it was for several or none. */
  readonly server: RegisteredName | undefined;
  /** What it was about, as the caller typed it: a URI, the name of a prompt, a level. For records, never for labels. */
  readonly subject: string | undefined;
  readonly outcome: CallOutcome;
  readonly durationSeconds: number;
  readonly caller: Caller;
  readonly client: Client;
  readonly trace: TraceRef | undefined;
  readonly attempts: readonly Attempt[];
  readonly rpcErrorCode: number | undefined;
}

/**
 * A task ended: work that a tool call has begun, and that went on after its `call.finished`. Emitted exactly once a task, when its
 * server has ended it, its client has cancelled it, or it was lost or forgotten.
 */
export interface TaskFinished extends EventBase<"task.finished"> {
  /** The id that its client knows. */
  readonly taskId: string;
  /** The call that has begun it. */
  readonly callId: string;
  readonly server: RegisteredName;
  readonly tool: RegisteredName;
  readonly outcome: CallOutcome;
  /** From the answer of the server to the call. */
  readonly durationSeconds: number;
  readonly caller: Caller;
  readonly client: Client;
  /** That of the call. */
  readonly trace: TraceRef | undefined;
  /** The group that was called; `server` is the member at which it ran, then. */
  readonly group: RegisteredName | undefined;
  readonly rpcErrorCode: number | undefined;
}

/** Somebody was not let in whose credentials are not in question: HTTP 403, and 429. Bad credentials are `authentication.failed`. */
export interface AccessDenied extends EventBase<"access.denied"> {
  readonly door: Door;
  readonly reason: DenialReason;
  /** The permission that is missing; `undefined` when it is none. */
  readonly permission: string | undefined;
  /** `undefined` when nobody was asked who they are yet. */
  readonly caller: Caller | undefined;
  readonly remoteAddress: string | undefined;
}

/** An operation of the management ended, over REST or as a tool. */
export interface OperationFinished extends EventBase<"operation.finished"> {
  readonly operationId: string;
  /** Such as `startServer`; out of a list that is ours. */
  readonly operation: RegisteredName;
  readonly effect: OperationEffect;
  readonly door: Extract<CallOrigin, "mcp" | "rest">;
  /** What it was about, as the caller named it: a server, a group, a key. For records, never for labels. */
  readonly target: string | undefined;
  readonly outcome: OperationOutcome;
  /** What it changed, where that is known and small; without secrets. */
  readonly change: { readonly before: string | undefined; readonly after: string | undefined } | undefined;
  readonly durationSeconds: number;
  readonly caller: Caller;
  readonly client: Client;
  /** Its own span; absent when there is no trace. */
  readonly trace?: TraceRef | undefined;
}

/** A client of a legacy revision opened a session. */
export interface SessionOpened extends EventBase<"session.opened"> {
  readonly sessionId: string;
  readonly caller: Caller;
  readonly client: Client;
}

export interface SessionClosed extends EventBase<"session.closed"> {
  readonly sessionId: string;
  readonly reason: SessionEndReason;
  readonly caller: Caller;
  readonly durationSeconds: number;
}

/** Definitions of a server's tools differ from those it listed before: name, description, schemas or annotations. */
export interface ServerToolsChanged extends EventBase<"server.tools_changed"> {
  readonly server: RegisteredName;
  /**
   * The first of them; `total` counts all. Names are those of the server: for records, never for labels. `digest` is the SHA-256 of the
   * definition in hexadecimal digits: as it is now, and of a removed one as it was.
   */
  readonly changes: readonly { readonly tool: string; readonly change: ToolChange; readonly digest: string }[];
  readonly total: Readonly<Record<ToolChange, number>>;
}

export interface BatchFinished extends EventBase<"batch.finished"> {
  readonly batchId: string;
  readonly result: BatchResult;
  readonly size: number;
  readonly durationSeconds: number;
  /** How the items ended; the values add up to the number of items that were accepted. */
  readonly items: Readonly<Record<CallStatus, number>>;
  readonly cancellation: BatchCancellationReason | undefined;
  /** Its own span; absent when there is no trace. */
  readonly trace?: TraceRef | undefined;
}

export interface HealthCheckFinished extends EventBase<"health_check.finished"> {
  readonly server: RegisteredName;
  readonly result: HealthResult;
  readonly durationSeconds: number;
  readonly consecutiveFailures: number;
  readonly message: string | undefined;
}

export interface ServerRegistered extends EventBase<"server.registered"> {
  readonly server: RegisteredName;
  readonly mode: ServerMode;
  readonly origin: RegistrationOrigin;
  /** Who called for it; absent when nobody did over an interface of the gateway. */
  readonly caller?: Caller | undefined;
  /** The discovery source that announced it, or the path of the configuration file; absent when it comes from neither. */
  readonly source?: string | undefined;
}

export interface ServerUnregistered extends EventBase<"server.unregistered"> {
  readonly server: RegisteredName;
}

export interface ServerStateChanged extends EventBase<"server.state_changed"> {
  readonly server: RegisteredName;
  readonly from: ServerStateName;
  readonly to: ServerStateName;
  readonly cause: StateCause;
}

/** A start attempt ended; lazy starts and restarts count too. */
export interface ServerStartFinished extends EventBase<"server.start_finished"> {
  readonly server: RegisteredName;
  readonly result: StartResult;
  /** From the start request to ready, or to the failure. */
  readonly durationSeconds: number;
  /** Why it failed and what to do; `undefined` on success. */
  readonly diagnosis: string | undefined;
}

export interface ServerStopped extends EventBase<"server.stopped"> {
  readonly server: RegisteredName;
  readonly reason: StopReason;
  readonly message: string | undefined;
}

/** The gateway learned which tools a server offers. */
export interface ServerToolsListed extends EventBase<"server.tools_listed"> {
  readonly server: RegisteredName;
  readonly tools: readonly RegisteredName[];
}

/** A server lists items that clients could not read. Each is told once, however often it is listed. */
export interface ServerListFaulty extends EventBase<"server.list_faulty"> {
  readonly server: RegisteredName;
  readonly list: ListLabel;
  /** Items that were mended, and items that were left out, not told before. */
  readonly mended: number;
  readonly leftOut: number;
  /** What is wrong with the first of them. Names are those of the server: for records, never for labels. */
  readonly shown: readonly {
    readonly name: string | undefined;
    readonly action: ListFaultAction;
    readonly reason: string;
  }[];
}

export interface CircuitBreakerStateChanged extends EventBase<"circuit_breaker.state_changed"> {
  readonly server: RegisteredName;
  readonly from: BreakerStateName;
  readonly to: BreakerStateName;
}

/** One HTTP request to a remote server ended, be it with a response or with a connection failure. */
export interface UpstreamRequestFinished extends EventBase<"upstream_request.finished"> {
  readonly server: RegisteredName;
  readonly method: HttpMethod;
  readonly status: HttpStatusLabel;
  /** To the end of the response; of an event stream, to its headers. */
  readonly durationSeconds: number;
}

export interface DiscoveryCycleFinished extends EventBase<"discovery.cycle_finished"> {
  readonly source: RegisteredName;
  readonly durationSeconds: number;
  readonly registered: number;
  readonly deregistered: number;
  /** Why the source could not be asked. */
  readonly error: string | undefined;
  /** What is wrong with single servers that it announces, and was not before; the first few. */
  readonly problems: readonly string[];
}

export interface IdleSweepFinished extends EventBase<"idle_sweep.finished"> {
  readonly durationSeconds: number;
  readonly collected: Readonly<Record<CollectionReason, number>>;
}

/**
 * A caller has proved who they are: told when a session opens, and otherwise at intervals for each credential, address and interface,
 * and not for every request.
 */
export interface AuthenticationSucceeded extends EventBase<"authentication.succeeded"> {
  readonly door: Door;
  readonly caller: Caller;
  /** With the session, where one was opened. */
  readonly client: Client;
}

export interface AuthenticationFailed extends EventBase<"authentication.failed"> {
  readonly door: Door;
  readonly reason: AuthenticationFailure;
  readonly remoteAddress: string | undefined;
  /** Where a call was refused: a message to `mcp` is one; absent when no call was in sight. */
  readonly origin?: Extract<CallOrigin, "mcp" | "rest"> | undefined;
}

/** Somebody or something asked for a reload of the configuration, and it ended. */
export interface ConfigReloaded extends EventBase<"config.reloaded"> {
  readonly result: ReloadResult;
  readonly trigger: ReloadTrigger;
  /** Who asked; `undefined` when nobody did over a door of the gateway. */
  readonly caller: Caller | undefined;
  /** What changed, or every problem that kept it from changing. */
  readonly message: string | undefined;
}

export interface GatewayStarted extends EventBase<"gateway.started"> {
  readonly version: string;
}

export interface GatewayStopped extends EventBase<"gateway.stopped"> {
  readonly uptimeSeconds: number;
}

/** Everything that happens in a gateway, keyed by `type`. */
export type HangarEvent =
  | CallFinished
  | RequestFinished
  | TaskFinished
  | AccessDenied
  | OperationFinished
  | SessionOpened
  | SessionClosed
  | BatchFinished
  | HealthCheckFinished
  | ServerRegistered
  | ServerUnregistered
  | ServerStateChanged
  | ServerStartFinished
  | ServerStopped
  | ServerToolsListed
  | ServerToolsChanged
  | ServerListFaulty
  | CircuitBreakerStateChanged
  | UpstreamRequestFinished
  | DiscoveryCycleFinished
  | IdleSweepFinished
  | AuthenticationSucceeded
  | AuthenticationFailed
  | ConfigReloaded
  | GatewayStarted
  | GatewayStopped;

export type HangarEventType = HangarEvent["type"];
export type HangarEventOf<Type extends HangarEventType> = Extract<HangarEvent, { readonly type: Type }>;
