import type { RegisteredName } from "./registered-name.ts";
import type { Sensitive } from "./sensitive.ts";
import type { TraceRef } from "./tracer.ts";
import type { Usage } from "./usage.ts";
import type {
  AuthenticationFailure,
  BatchCancellationReason,
  BatchResult,
  BreakerStateName,
  CallerType,
  CallOrigin,
  CallStatus,
  ClientTransport,
  CollectionReason,
  DECISIONS,
  DenialReason,
  Door,
  ErrorType,
  HealthResult,
  HttpMethod,
  HttpStatusLabel,
  ListFaultAction,
  ListLabel,
  OperationEffect,
  OperationOutcome,
  RegistrationOrigin,
  RejectionReason,
  ReloadResult,
  ReloadTrigger,
  RequestMethod,
  ResultType,
  ServerMode,
  ServerStateName,
  SessionEndReason,
  StartResult,
  StateCause,
  StopReason,
  ToolChange,
} from "./vocabulary.ts";

/** Who makes a call. */
export interface Caller {
  readonly type: CallerType;
  /** The name that people know the caller by. It is admitted by authentication, so it may become the label `principal`. */
  readonly id: RegisteredName;
  readonly roles: readonly string[];
  /**
   * Identity of the credential that proved who the caller is. Whatever belongs to a caller (sessions, stored results,
   * subscriptions, shares of limits) is owned by it: a name can be given to another person, a credential cannot.
   * Two callers are the same exactly when their credentials are equal. No secret; never a label.
   */
  readonly credential: string;
  /**
   * Network address of a caller who was not asked who they are, whose credential is that of all such callers; absent for others.
   * Their shares of limits go by it, because nothing else tells them apart that costs anything. Never a label.
   */
  readonly address?: string | undefined;
  /** What the token says that proved who the caller is; absent without one. */
  readonly token?: TokenIdentity | undefined;
}

/** For whom a token was issued, by whom, and who acts on their behalf. Texts of the token's issuer; never labels. */
export interface TokenIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** Subjects of the claim `act` (RFC 8693 §4.1): who acts now comes first, then on whose behalf that one does. */
  readonly actors: readonly string[];
}

/** Where a request came from, as far as that is known. What a client says of itself is not proved: for records, never for labels. */
export interface Client {
  readonly transport: ClientTransport;
  /** Network address, behind trusted proxies that of the client; `undefined` without a network. */
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** What it calls itself (`clientInfo`). */
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** Revision of MCP that it speaks; `undefined` where it does not speak MCP. */
  readonly protocolVersion: string | undefined;
  /** The session that the gateway has opened for it; `undefined` without one. */
  readonly sessionId: string | undefined;
  /** Id of its JSON-RPC request. */
  readonly rpcId: string | number | undefined;
}

/** A program that calls the gateway as a function. */
export const LIBRARY_CLIENT: Client = {
  transport: "library",
  address: undefined,
  userAgent: undefined,
  name: undefined,
  version: undefined,
  protocolVersion: undefined,
  sessionId: undefined,
  rpcId: undefined,
};

/** What decided that a caller may or may not do something. */
export interface Decision {
  readonly result: (typeof DECISIONS)[number];
  /** The role that allows it, such as `role:operator`, or what denies it; `open` where nobody is asked who they are. */
  readonly by: string;
}

/** One attempt at one server to do what a caller asked for: a call of a group may need several. */
export interface Attempt {
  readonly server: RegisteredName;
  readonly mode: ServerMode;
  /** Revision of MCP that the server speaks; `undefined` when it was not reached. */
  readonly protocolVersion: string | undefined;
  /** Host and port of a remote server; `undefined` for others. */
  readonly address: string | undefined;
  /** Waiting for a slot. */
  readonly waitedSeconds: number;
  /** Waiting for the start of the server; `undefined` when it ran. */
  readonly coldStartSeconds: number | undefined;
  /** From the request to the answer, or to giving up; `undefined` when nothing was sent. */
  readonly upstreamSeconds: number | undefined;
  /** Size of the JSON-RPC messages; `undefined` for what was not sent or did not come. */
  readonly requestBytes: number | undefined;
  readonly responseBytes: number | undefined;
  /** `success`, or why it failed: an error type, a rejection reason or `cancelled`. */
  readonly code: AttemptCode;
}

export type AttemptCode = "success" | "cancelled" | ErrorType | RejectionReason;

/** How a call ended. Each finished call has exactly one. */
export type CallOutcome =
  | { readonly status: "success"; readonly resultType: ResultType }
  | { readonly status: "error"; readonly errorType: Exclude<ErrorType, "timeout">; readonly message: string }
  | { readonly status: "timeout"; readonly errorType: "timeout"; readonly message: string }
  | { readonly status: "rejected"; readonly reason: RejectionReason; readonly message: string }
  | { readonly status: "cancelled"; readonly message: string };

/** Identifiers that the caller sends along for correlation in other systems; never labels. */
export interface Correlation {
  readonly traceId?: string | undefined;
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
}

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

/** The place of a call in a batch. */
export interface BatchItem {
  readonly id: string;
  /** Position among the calls of the batch, from 0. */
  readonly index: number;
  /** Which attempt of the batch at this item it is, from 1. */
  readonly attempt: number;
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

/** Somebody was not let in whose credentials are not in question: HTTP 403. Bad credentials are `authentication.failed`. */
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

export interface AuthenticationFailed extends EventBase<"authentication.failed"> {
  readonly door: Door;
  readonly reason: AuthenticationFailure;
  readonly remoteAddress: string | undefined;
  /** Where a call was refused: a message to `mcp` is one; absent when no call was in sight. */
  readonly origin?: Extract<CallOrigin, "mcp" | "rest"> | undefined;
}

/** The rate limit refused something other than a tool call, which would say so in `call.finished`. */
export interface RequestRateLimited extends EventBase<"request.rate_limited"> {
  readonly caller: Caller;
  /** The method of MCP or the name of the operation: for records, not for labels. */
  readonly request: string;
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
  | AuthenticationFailed
  | RequestRateLimited
  | ConfigReloaded
  | GatewayStarted
  | GatewayStopped;

export type HangarEventType = HangarEvent["type"];
export type HangarEventOf<Type extends HangarEventType> = Extract<HangarEvent, { readonly type: Type }>;
