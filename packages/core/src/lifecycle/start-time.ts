import type { ServerOptions } from "../options.ts";
import type { CancelTimer, Clock } from "../platform/platform.ts";
import { StartError, type StartPhase } from "../transports/session.ts";

/** How far a start is. */
export interface StartProgress {
  readonly phase: StartPhase;
  /** Seconds in this phase so far. */
  readonly seconds: number;
  /** Seconds that the phase may take. */
  readonly limitSeconds: number;
}

interface StartTimeContext {
  readonly clock: Clock;
  readonly id: string;
  readonly options: Pick<ServerOptions, "start_timeout_s"> & { readonly fetch_timeout_s?: number };
  /** Ends the start. */
  readonly abort: (reason: StartError) => void;
}

/** The time that a start may take. While an installer fetches the server, that is `fetch_timeout_s`; then `start_timeout_s` begins anew. */
export class StartTime {
  readonly #context: StartTimeContext;
  #phase: StartPhase = "starting";
  #sinceMs = 0;
  #limitSeconds = 0;
  #cancel: CancelTimer | undefined;

  constructor(context: StartTimeContext) {
    this.#context = context;
    this.#begin("starting");
  }

  get progress(): StartProgress {
    const seconds = (this.#context.clock.nowMs() - this.#sinceMs) / 1_000;
    return { phase: this.#phase, seconds, limitSeconds: this.#limitSeconds };
  }

  /** Told by the transport. */
  readonly onPhase = (phase: StartPhase): void => {
    if (this.#cancel !== undefined && phase !== this.#phase) this.#begin(phase);
  };

  /** The start is over. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #begin(phase: StartPhase): void {
    const { clock, id, options, abort } = this.#context;
    const { start_timeout_s: startS, fetch_timeout_s: fetchS = startS } = options;
    this.#cancel?.();
    this.#phase = phase;
    this.#sinceMs = clock.nowMs();
    this.#limitSeconds = phase === "fetching" ? fetchS : startS;
    const reason = phase === "fetching" ? fetchTimeout(id, fetchS) : startTimeout(id, startS);
    this.#cancel = clock.schedule(this.#limitSeconds * 1_000, () => abort(reason));
  }
}

function startTimeout(server: string, seconds: number): StartError {
  return new StartError(
    "timeout",
    `server "${server}" was not ready after ${seconds} s, handshake and tools/list included. ` +
      "Run its command by hand to see what it waits for, or raise start_timeout_s.",
  );
}

function fetchTimeout(server: string, seconds: number): StartError {
  return new StartError(
    "timeout",
    `server "${server}" was not fetched within ${seconds} s. Check that its registry can be reached from here, through the proxy ` +
      "if there is one, or raise fetch_timeout_s.",
  );
}
