import type { HangarEvent, RegisteredName, StopReason } from "@mcp-hangar/telemetry";
import type { ServerCatalog } from "../catalog/server-catalog.ts";
import { type Failure, failure } from "../errors.ts";
import type { ServerOptions } from "../options.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Platform } from "../platform/platform.ts";
import type { PeerDescription } from "../protocol/eras.ts";
import { backoffMs } from "../resilience/backoff.ts";
import { isLastingStartError, StartError, type Transport, type UpstreamSession } from "../transports/session.ts";
import { attemptStart, type SessionCallbacks } from "./start-attempt.ts";
import { type StartProgress, StartTime } from "./start-time.ts";
import { INITIAL_STATE, type ServerState } from "./state.ts";
import { type LifecycleEffect, type LifecycleInput, type LifecycleLimits, transition } from "./transition.ts";
import { settledBefore } from "./wait.ts";

/** A session that lived this long did not crash at start. */
const STABLE_MS = 10_000;
const RETRY_BACKOFF = { baseMs: 1_000, maxMs: 60_000 } as const;

/** What the owner of a session needs from the server around it. */
export interface SessionOwnerContext {
  readonly id: RegisteredName;
  readonly options: Pick<ServerOptions, "max_consecutive_failures" | "start_timeout_s"> & {
    readonly fetch_timeout_s?: number;
  };
  readonly transport: Transport;
  readonly catalog: ServerCatalog;
  readonly platform: Platform;
  readonly callbacks: SessionCallbacks;
  readonly emit: (event: HangarEvent) => void;
  /** When the server last answered a request of a caller. */
  readonly servedAtMs: () => number;
  /** A start succeeded; told before anybody gets the session. */
  readonly onStarted: (toolsChanged: boolean, peer: PeerDescription) => void;
}

interface Opening {
  readonly attempt: number;
  readonly abort: AbortController;
  readonly done: PromiseWithResolvers<void>;
}

/** Owns the one session of a server: feeds the lifecycle with what happens, and does what it says. */
export class SessionOwner {
  readonly #context: SessionOwnerContext;
  readonly #limits: LifecycleLimits;
  readonly #closing = new Set<Promise<void>>();
  #state: ServerState<UpstreamSession> = INITIAL_STATE;
  #opening: Opening | undefined;
  #startTime: StartTime | undefined;
  #retired = false;
  /** Why the last start or session failed, in words for any caller, and whether the next start fails in the same way. */
  #trouble: { readonly what: string; readonly lasting?: true } = { what: "" };

  constructor(context: SessionOwnerContext) {
    this.#context = context;
    const { platform, options } = context;
    this.#limits = {
      maxConsecutiveFailures: options.max_consecutive_failures,
      stableMs: STABLE_MS,
      retryDelayMs: (failures) => (failures <= 1 ? 0 : backoffMs(failures - 2, RETRY_BACKOFF, () => platform.random())),
    };
  }

  get state(): ServerState<UpstreamSession> {
    return this.#state;
  }

  /** How far the start is that runs; `undefined` when none does. */
  get startProgress(): StartProgress | undefined {
    return this.#startTime?.progress;
  }

  /** Whether it was retired: nothing starts the server again. */
  get retired(): boolean {
    return this.#retired;
  }

  /** The live session, if there is one. */
  session(): UpstreamSession | undefined {
    const state = this.#state;
    return state.name === "ready" || state.name === "degraded" ? state.session : undefined;
  }

  /**
   * A session, started if need be. All callers join the one start in flight and each leaves by its own `signal`, which
   * does not end the start. A server that failed a moment ago refuses at once, with the reason.
   */
  async ensureReady(signal: CancelSignal, force = false): Promise<UpstreamSession | Failure> {
    const session = this.session();
    if (session !== undefined) return session;
    if (this.#retired)
      return failure("start_failed", `server "${this.#context.id}" was removed or the gateway is shutting down`);
    this.#apply({ type: "start_requested", force });
    const opening = this.#opening;
    if (opening === undefined) return this.#startRefusal();
    if (!(await settledBefore(opening.done.promise, signal))) {
      return failure("cancelled", `gave up waiting for server "${this.#context.id}" to start`);
    }
    return this.session() ?? this.#startRefusal();
  }

  /** Stops the server and resolves when its session is gone. The next call starts it again. */
  async stop(reason: Exclude<StopReason, "crashed">): Promise<void> {
    this.#apply({ type: "stop_requested", reason });
    await this.#settled();
  }

  /** Stops for good: no later call starts it again. */
  async retire(reason: Exclude<StopReason, "crashed">): Promise<void> {
    this.#retired = true;
    await this.stop(reason);
    await this.#context.transport.close();
  }

  /** A health check of the session ended; `problem` is why it failed. */
  checked(session: UpstreamSession, problem: string | undefined): void {
    if (problem === undefined) this.#apply({ type: "check_succeeded", session });
    else {
      this.#trouble = { what: "its health checks fail" };
      this.#apply({ type: "check_failed", session, message: problem });
    }
  }

  #apply(input: LifecycleInput<UpstreamSession>): void {
    const before = this.#state;
    const { state, effects } = transition(before, input, this.#context.platform.clock.nowMs(), this.#limits);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
    if (before.name === "initializing" && state.name !== "initializing") this.#finishOpening();
    // Told last, when everything is in place: a listener may call back into this server.
    if (state.name !== before.name) {
      this.#emit({
        type: "server.state_changed",
        ...this.#stamp(),
        from: before.name,
        to: state.name,
        cause: input.type,
      });
    }
  }

  #run(effect: LifecycleEffect<UpstreamSession>): void {
    switch (effect.type) {
      case "open":
        this.#opening = { attempt: effect.attempt, abort: new AbortController(), done: Promise.withResolvers<void>() };
        this.#track(this.#open(this.#opening));
        break;
      case "abort_open":
        this.#opening?.abort.abort(
          new StartError("stopped", `server "${this.#context.id}" was stopped while it started`),
        );
        break;
      case "close":
        this.#track(effect.session.close());
        break;
      case "report_stop":
        this.#emit({ type: "server.stopped", ...this.#stamp(), reason: effect.reason, message: effect.message });
        break;
    }
  }

  #finishOpening(): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.done.resolve();
  }

  async #open({ attempt, abort }: Opening): Promise<void> {
    const { clock } = this.#context.platform;
    const startedMs = clock.nowMs();
    const { id, options, callbacks } = this.#context;
    const time = new StartTime({ clock, id, options, abort: (reason) => abort.abort(reason) });
    this.#startTime = time;
    let endedMessage: string | undefined;
    const outcome = await attemptStart(
      this.#context.transport,
      this.#context.catalog,
      { ...callbacks, onPhase: time.onPhase },
      abort.signal,
      (session, message) => {
        endedMessage = message;
        this.#trouble = { what: "it ended by itself" };
        this.#apply({ type: "session_ended", session, message, served: this.#hasServed() });
      },
    );
    time.end();
    if (this.#startTime === time) this.#startTime = undefined;
    const finished = {
      type: "server.start_finished",
      ...this.#stamp(),
      durationSeconds: (clock.nowMs() - startedMs) / 1_000,
    } as const;
    if (outcome.kind === "failed") {
      const { code } = outcome;
      this.#trouble = {
        what: code === undefined ? "it could not be started" : `it could not be started (${code})`,
        ...(isLastingStartError(code) && { lasting: true }),
      };
      this.#emit({ ...finished, result: "failure", diagnosis: outcome.message });
      this.#apply({ type: "open_failed", attempt, message: outcome.message });
      return;
    }
    this.#emit({ ...finished, result: "success", diagnosis: undefined });
    this.#context.onStarted(outcome.toolsChanged, outcome.session.peer);
    this.#apply({ type: "opened", attempt, session: outcome.session });
    // It may have ended between its last answer and its adoption, when nobody owned it yet.
    if (endedMessage !== undefined) {
      this.#apply({ type: "session_ended", session: outcome.session, message: endedMessage, served: false });
    }
  }

  /** Whether the session has answered a caller since it was ready. */
  #hasServed(): boolean {
    const state = this.#state;
    return "sinceMs" in state && this.#context.servedAtMs() >= state.sinceMs;
  }

  #startRefusal(): Failure {
    const state = this.#state;
    if (state.name !== "cold" && state.name !== "dead") {
      return failure("start_failed", `server "${this.#context.id}" is ${state.name}`);
    }
    const retryAfterMs = Math.max(0, state.retryAtMs - this.#context.platform.clock.nowMs());
    const what = `server "${this.#context.id}" is not available`;
    if (state.lastError === undefined) {
      return failure("start_failed", `${what}: it was stopped while it started`, retryAfterMs);
    }
    const { what: trouble, ...kind } = this.#trouble;
    const message = `${what}: ${trouble}; those who run the gateway find the reason in its log`;
    return { ...failure("start_failed", message, retryAfterMs), diagnosis: `${what}: ${state.lastError}`, ...kind };
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#closing.delete(tracked));
    this.#closing.add(tracked);
  }

  /** Waits for what runs now; what is started meanwhile is not ours to wait for. */
  async #settled(): Promise<void> {
    await Promise.allSettled(this.#closing);
  }

  #stamp(): { server: RegisteredName; timeMs: number } {
    return { server: this.#context.id, timeMs: this.#context.platform.clock.wallMs() };
  }

  #emit(event: HangarEvent): void {
    this.#context.emit(event);
  }
}
