import type { StopReason } from "@mcp-hangar/telemetry";
import type { ServerState } from "./state.ts";

/** What can happen to a server. Inputs that carry a session are either adopted or closed, never dropped. */
export type LifecycleInput<Session> =
  /** `force` ignores the backoff: an operator asked. */
  | { readonly type: "start_requested"; readonly force: boolean }
  | { readonly type: "opened"; readonly attempt: number; readonly session: Session }
  | { readonly type: "open_failed"; readonly attempt: number; readonly message: string }
  /** `served`: it answered a request of a caller before, so that it is no crash at the start. */
  | { readonly type: "session_ended"; readonly session: Session; readonly message: string; readonly served: boolean }
  | { readonly type: "check_succeeded"; readonly session: Session }
  | { readonly type: "check_failed"; readonly session: Session; readonly message: string }
  | { readonly type: "stop_requested"; readonly reason: Exclude<StopReason, "crashed"> };

/** What has to be done about it, in order. */
export type LifecycleEffect<Session> =
  | { readonly type: "open"; readonly attempt: number }
  | { readonly type: "abort_open"; readonly attempt: number }
  | { readonly type: "close"; readonly session: Session }
  /** A running server is no longer running. */
  | { readonly type: "report_stop"; readonly reason: StopReason; readonly message: string | undefined };

export interface LifecycleLimits {
  /** Failures in a row until a ready server is degraded, and until one that cannot start is dead; twice as many kill. */
  readonly maxConsecutiveFailures: number;
  /** A session that lived this long was no crash at start. */
  readonly stableMs: number;
  /** Delay before the next start after `failures` failures in a row; 0 for the first. */
  readonly retryDelayMs: (failures: number) => number;
}

export interface Transition<Session> {
  readonly state: ServerState<Session>;
  readonly effects: readonly LifecycleEffect<Session>[];
}

/** The lifecycle as a pure function: which state follows, and what has to be done to get there. */
export function transition<Session>(
  state: ServerState<Session>,
  input: LifecycleInput<Session>,
  nowMs: number,
  limits: LifecycleLimits,
): Transition<Session> {
  switch (input.type) {
    case "start_requested": {
      if (state.name !== "cold" && state.name !== "dead") return stay(state);
      if (!input.force && nowMs < state.retryAtMs) return stay(state);
      const attempt = state.attempt + 1;
      return {
        state: { name: "initializing", attempt, failures: state.failures, crashes: state.crashes },
        effects: [{ type: "open", attempt }],
      };
    }
    case "opened": {
      const expected = state.name === "initializing" && state.attempt === input.attempt;
      if (!expected) return { state, effects: [{ type: "close", session: input.session }] };
      const { attempt, crashes } = state;
      return stay({ name: "ready", session: input.session, sinceMs: nowMs, attempt, failures: 0, crashes });
    }
    case "open_failed":
      if (state.name !== "initializing" || state.attempt !== input.attempt) return stay(state);
      return stay(failed(state, state.failures + 1, state.crashes, input.message, nowMs, limits));
    case "session_ended": {
      if (!owns(state, input.session)) return stay(state);
      // Some servers end after each call, and some crash in one tool and do their work in the others.
      const crashes = input.served || isStable(state, nowMs, limits) ? 0 : state.crashes + 1;
      // A server that was failing its checks has not become healthy by crashing.
      const failures = state.failures > 0 ? state.failures + 1 : crashes;
      return {
        state: failed(state, failures, crashes, input.message, nowMs, limits),
        effects: [
          { type: "close", session: input.session },
          { type: "report_stop", reason: "crashed", message: input.message },
        ],
      };
    }
    case "check_succeeded":
      if (!owns(state, input.session)) return stay(state);
      // A check soon after the start does not end a crash loop; having lived for a while does.
      return stay({
        ...state,
        name: "ready",
        failures: 0,
        crashes: isStable(state, nowMs, limits) ? 0 : state.crashes,
      });
    case "check_failed": {
      if (!owns(state, input.session)) return stay(state);
      const failures = state.failures + 1;
      if (failures >= 2 * limits.maxConsecutiveFailures) {
        return {
          state: failed(state, failures, state.crashes, input.message, nowMs, limits),
          effects: [
            { type: "close", session: state.session },
            { type: "report_stop", reason: "crashed", message: input.message },
          ],
        };
      }
      const name = failures >= limits.maxConsecutiveFailures ? "degraded" : state.name;
      return stay({ ...state, name, failures });
    }
    case "stop_requested":
      return stopped(state, input.reason);
  }
}

function stay<Session>(state: ServerState<Session>): Transition<Session> {
  return { state, effects: [] };
}

function owns<Session>(
  state: ServerState<Session>,
  session: Session,
): state is Extract<ServerState<Session>, { readonly session: Session }> {
  return (state.name === "ready" || state.name === "degraded") && state.session === session;
}

function isStable(state: { readonly sinceMs: number }, nowMs: number, limits: LifecycleLimits): boolean {
  return nowMs - state.sinceMs >= limits.stableMs;
}

/** No session any more: cold after a few failures, dead after `maxConsecutiveFailures`. */
function failed<Session>(
  state: ServerState<Session>,
  failures: number,
  crashes: number,
  lastError: string,
  nowMs: number,
  limits: LifecycleLimits,
): ServerState<Session> {
  return {
    name: failures >= limits.maxConsecutiveFailures ? "dead" : "cold",
    attempt: state.attempt,
    failures,
    crashes,
    retryAtMs: nowMs + limits.retryDelayMs(failures),
    lastError: failures === 0 ? undefined : lastError,
  };
}

function stopped<Session>(state: ServerState<Session>, reason: Exclude<StopReason, "crashed">): Transition<Session> {
  const cold = {
    name: "cold",
    attempt: state.attempt,
    failures: 0,
    crashes: 0,
    retryAtMs: 0,
    lastError: undefined,
  } as const;
  switch (state.name) {
    case "cold":
      return stay(state);
    case "dead":
      return stay(cold);
    case "initializing":
      return { state: cold, effects: [{ type: "abort_open", attempt: state.attempt }] };
    case "ready":
    case "degraded":
      return {
        state: cold,
        effects: [
          { type: "close", session: state.session },
          { type: "report_stop", reason, message: undefined },
        ],
      };
  }
}
