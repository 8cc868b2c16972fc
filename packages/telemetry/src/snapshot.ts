import type { RegisteredName } from "./registered-name.ts";
import type {
  BreakerStateName,
  DropReason,
  ExportFailureReason,
  ExportSignal,
  LoadShedReason,
  MessageDirection,
  MessageKind,
  ServerMode,
  ServerStateName,
  SessionUse,
} from "./vocabulary.ts";

/** Totals of JSON-RPC messages since the server was registered; they only grow. */
export type MessageTotals = Readonly<Record<MessageDirection, Readonly<Record<MessageKind, number>>>>;

/** The sessions of a server that gives each caller or client one. */
export interface OwnSessionsSnapshot {
  readonly open: Readonly<Record<SessionUse, number>>;
  /** So many may be open. */
  readonly max: number;
  /** Requests and subscriptions for which there was no session, since the server was registered. */
  readonly refused: number;
}

/** What a server looks like at this moment. */
export interface ServerSnapshot {
  readonly id: RegisteredName;
  readonly mode: ServerMode;
  readonly group: RegisteredName | undefined;
  readonly state: ServerStateName;
  /** Ready, or cold and able to start: its last start, if any, did not fail. */
  readonly up: boolean;
  /** Initialised at least once since the process started. */
  readonly initialized: boolean;
  readonly coldStartInProgress: boolean;
  readonly consecutiveFailures: number;
  readonly breaker: BreakerStateName;
  readonly inFlight: number;
  /** Open HTTP connections; `undefined` when the server is not reached over HTTP. */
  readonly httpConnections: number | undefined;
  /** `undefined` where all share one session, and of a group, whose members have them. */
  readonly ownSessions: OwnSessionsSnapshot | undefined;
  /** Host and port of the proxy through which a remote server is reached; absent when there is none. */
  readonly proxy?: string | undefined;
  readonly messages: MessageTotals;
  /**
   * Bytes of the JSON-RPC messages of calls and requests since it was registered, each attempt counted; they only grow. `undefined` of a
   * group, whose members have them.
   */
  readonly transferBytes: Readonly<Record<MessageDirection, number>> | undefined;
  /** Tools last listed; empty until the server has started once. */
  readonly tools: readonly RegisteredName[];
  /** Bytes of the JSON that defines them; `undefined` until the server has started once. */
  readonly toolDefinitionBytes: number | undefined;
}

export interface DiscoverySourceSnapshot {
  readonly source: RegisteredName;
  readonly servers: number;
  readonly healthy: boolean;
}

/** The health of one exporter: nothing that was accepted may vanish without a trace in these numbers. */
export interface ExporterSnapshot {
  readonly exporter: RegisteredName;
  readonly signal: ExportSignal;
  /** Events delivered. */
  readonly delivered: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly failures: Readonly<Partial<Record<ExportFailureReason, number>>>;
  readonly queueSize: number;
  readonly queueCapacity: number;
  /** Seconds since the epoch; `undefined` before the first delivery. */
  readonly lastSuccessSeconds: number | undefined;
}

/** What the gateway holds for its clients, and what it has refused them so far to keep that bounded. */
export interface LoadSnapshot {
  readonly bufferedBytes: number;
  readonly shed: Readonly<Record<LoadShedReason, number>>;
}

/** How the audit trail is kept. */
export interface AuditTrailSnapshot {
  /** Age of the oldest record that each sink has not had, in seconds; 0 when it has all. Only of sinks that read a journal. */
  readonly lags: readonly { readonly exporter: RegisteredName; readonly seconds: number }[];
  /** The rest is of the journal; `undefined` where none is kept. */
  readonly journal: AuditJournalSnapshot | undefined;
}

export interface AuditJournalSnapshot {
  /** Share of what it may take that is taken: of its limit, or of the room on the disk where that is less. */
  readonly used: number;
  /** Records that are not as they were written, as far as the last verification has come. */
  readonly chainProblems: number;
  /** For how long a signed checkpoint has been overdue, in seconds; 0 when it is not. */
  readonly checkpointOverdueSeconds: number;
  /** By how much the clock was set within the last quarter of an hour, in seconds. */
  readonly clockStepSeconds: number;
}

export interface ListenerSnapshot {
  readonly listener: RegisteredName;
  readonly errors: number;
}

/** The whole gateway at this moment. Taken at scrape time, so what is gone leaves no stale series. */
export interface GatewaySnapshot {
  readonly servers: readonly ServerSnapshot[];
  readonly batchItemsExecuting: number;
  /** Tasks that are kept for their callers, running or ended; none when absent. */
  readonly tasks?: number | undefined;
  readonly discovery: readonly DiscoverySourceSnapshot[];
  readonly exporters: readonly ExporterSnapshot[];
  readonly listeners: readonly ListenerSnapshot[];
  readonly load: LoadSnapshot;
  /** Absent where no audit trail is configured. */
  readonly audit?: AuditTrailSnapshot | undefined;
  readonly lastReloadSuccessful: boolean;
  readonly build: { readonly version: string; readonly node: string };
}

/** How many observations a metric's series limit folded into `_other`. */
export interface SeriesOverflowSnapshot {
  readonly metric: RegisteredName;
  readonly folded: number;
}

/** What the metrics exporter reads at scrape time: the gateway, and what only the exporter itself knows. */
export interface ScrapeSnapshot extends GatewaySnapshot {
  readonly seriesOverflows: readonly SeriesOverflowSnapshot[];
}
