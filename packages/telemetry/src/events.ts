import type { RegisteredName } from "./registered-name.ts";
import type { Sensitive } from "./sensitive.ts";
import type { TraceRef } from "./tracer.ts";
import type {
  BatchCancellationReason,
  BatchResult,
  BreakerStateName,
  CallerType,
  CallOrigin,
  CallStatus,
  CollectionReason,
  ErrorType,
  HealthResult,
  HttpMethod,
  HttpStatusLabel,
  ListFaultAction,
  ListLabel,
  RejectionReason,
  ReloadResult,
  ReloadTrigger,
  ResultType,
  ServerMode,
  ServerStateName,
  StartResult,
  StopReason,
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
}

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
  readonly correlation: Correlation;
  readonly trace: TraceRef | undefined;
  readonly batchId: string | undefined;
  readonly arguments: Sensitive<unknown>;
  readonly result: Sensitive<unknown> | undefined;
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
}

export interface ServerUnregistered extends EventBase<"server.unregistered"> {
  readonly server: RegisteredName;
}

export interface ServerStateChanged extends EventBase<"server.state_changed"> {
  readonly server: RegisteredName;
  readonly from: ServerStateName;
  readonly to: ServerStateName;
  readonly cause: string;
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
  readonly reason: string;
  readonly remoteAddress: string | undefined;
  /** The door that stayed shut. A message to `mcp` is a refused call; absent when no call was in sight. */
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
  | BatchFinished
  | HealthCheckFinished
  | ServerRegistered
  | ServerUnregistered
  | ServerStateChanged
  | ServerStartFinished
  | ServerStopped
  | ServerToolsListed
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
