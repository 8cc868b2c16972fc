/**
 * The state of one server. A session exists only in states that own one, so "ready without a session" or "dead with an
 * open process" cannot be written down.
 */
export type ServerState<Session> = Cold | Initializing | Ready<Session> | Degraded<Session> | Dead;

interface Counted {
  /** Number of the last start attempt; tells a connection that arrives late from the one that is waited for. */
  readonly attempt: number;
  /** Failed starts, early crashes and failed health checks in a row. */
  readonly failures: number;
  /** Sessions in a row that ended before they were stable: a crash loop survives successful starts in between. */
  readonly crashes: number;
}

interface Waiting {
  /** Monotonic time before which a start is refused, so that a broken server is not started in a tight loop. */
  readonly retryAtMs: number;
  /** Why the last start or session failed; `undefined` when it did not. */
  readonly lastError: string | undefined;
}

/** Not running and startable; with `failures` above 0 the last attempt failed. */
export interface Cold extends Counted, Waiting {
  readonly name: "cold";
}

export interface Initializing extends Counted {
  readonly name: "initializing";
}

export interface Ready<Session> extends Counted {
  readonly name: "ready";
  readonly session: Session;
  readonly sinceMs: number;
}

/** Running, but health checks fail: calls are still tried, the circuit breaker decides. */
export interface Degraded<Session> extends Counted {
  readonly name: "degraded";
  readonly session: Session;
  readonly sinceMs: number;
}

/** Failed so often that it is only restarted with backoff. */
export interface Dead extends Counted, Waiting {
  readonly name: "dead";
}

export const INITIAL_STATE: Cold = {
  name: "cold",
  attempt: 0,
  failures: 0,
  crashes: 0,
  retryAtMs: 0,
  lastError: undefined,
};
