import type { LateVerdict } from "../admission.ts";
import { probe } from "../health/probe.ts";
import type { Clock } from "../platform/platform.ts";
import type { UpstreamSession } from "../transports/session.ts";

/** Milliseconds a server may take over a sign of life, after it has been silent for half of a call's timeout already. */
const SIGN_OF_LIFE_MS = 5_000;

/** What the signs need of the server around them. */
export interface SignsContext {
  readonly clock: Clock;
  /** Milliseconds the server has for a call. */
  readonly callTimeoutMs: number;
  /** The live session, if there is one. */
  readonly session: () => UpstreamSession | undefined;
}

/** Whether a server lives, by its answers: what a request that failed says about it. */
export class SignsOfLife {
  readonly #context: SignsContext;
  #lastAnswerMs = Number.NEGATIVE_INFINITY;
  /** The last session that ended with requests in flight, and whose end was counted. */
  #lostSession: UpstreamSession | undefined;
  #doubt: Promise<boolean> | undefined;

  constructor(context: SignsContext) {
    this.#context = context;
  }

  /** Whether the server has given a sign of life since then. */
  since(ms: number): boolean {
    return this.#lastAnswerMs > ms;
  }

  /**
   * The server has answered a request of whatever kind, be it with an error, or has asked or told something in the middle of one: a
   * sign for all who wait for it.
   */
  answered(): void {
    this.#lastAnswerMs = this.#context.clock.nowMs();
  }

  /**
   * Whether a failed request on that session says something new about the server. Requests that ended with their session
   * all tell of the same end, and only the first that asks is news.
   */
  isNews(session: UpstreamSession): boolean {
    if (this.#context.session() === session) return true;
    if (this.#lostSession === session) return false;
    this.#lostSession = session;
    return true;
  }

  /**
   * What it says about the server that a request was sent at `sentMs` and never answered: a failure if it had half of its own
   * timeout or more, answered nobody meanwhile, and gives no sign of life now.
   */
  verdictOfSilence(sentMs: number): LateVerdict {
    const { clock, callTimeoutMs } = this.#context;
    if (clock.nowMs() - sentMs < callTimeoutMs / 2 || this.#lastAnswerMs > sentMs) return "neutral";
    return this.#isSilent().then((silent) => (silent ? "failure" : "neutral"));
  }

  /** Asks once for all who doubt the server at the same time. Never rejects. */
  #isSilent(): Promise<boolean> {
    this.#doubt ??= this.#givesNoSign().finally(() => {
      this.#doubt = undefined;
    });
    return this.#doubt;
  }

  /** Of a server that does not run any more its end tells. */
  async #givesNoSign(): Promise<boolean> {
    const { session: sessionNow, clock } = this.#context;
    const session = sessionNow();
    if (session === undefined) return false;
    const { result } = await probe(session, SIGN_OF_LIFE_MS, clock);
    if (sessionNow() !== session) return false;
    if (result === "healthy") this.answered();
    return result !== "healthy";
  }
}
