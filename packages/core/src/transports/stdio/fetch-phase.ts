import type { CancelTimer, Platform } from "../../platform/platform.ts";
import type { SessionObserver } from "../session.ts";
import { runsServer } from "./runs-server.ts";

/** Milliseconds between looks whether the server runs. */
const LOOK_MS = 500;
/** Milliseconds after which the log says that a server is still being fetched; one that is there already takes less. */
const TELL_MS = 10_000;
/** Milliseconds between further such lines. */
const TELL_AGAIN_MS = 30_000;

interface FetchPhaseContext {
  readonly platform: Platform;
  /** As people call it: `npx`. */
  readonly installer: string;
  /** Process id of the supervisor. */
  readonly supervisor: number;
  readonly observer: SessionObserver;
}

/**
 * The time in which an installer fetches a server. It is over with the first message of the server, or, where there is a /proc, as soon
 * as the installer has started it: a server that hangs is not taken for one that is being fetched.
 */
export class FetchPhase {
  readonly #context: FetchPhaseContext;
  readonly #startedMs: number;
  #toldMs: number | undefined;
  #cancel: CancelTimer | undefined;
  #isOver = false;

  constructor(context: FetchPhaseContext) {
    this.#context = context;
    this.#startedMs = context.platform.clock.nowMs();
    context.observer.onPhase?.("fetching");
    this.#lookLater();
  }

  /** Whether the server itself runs, as far as is known. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The server runs. */
  end(): void {
    if (this.#isOver) return;
    this.close();
    const { observer, installer } = this.#context;
    if (this.#toldMs !== undefined)
      observer.onLog(`[gateway] ${installer} has fetched the server in ${this.#seconds()} s`);
    observer.onPhase?.("starting");
  }

  /** Looks no more. */
  close(): void {
    this.#isOver = true;
    this.#cancel?.();
  }

  #lookLater(): void {
    this.#cancel = this.#context.platform.clock.schedule(LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { platform, supervisor, observer, installer } = this.#context;
    const runs = platform.os === "linux" && (await runsServer(supervisor));
    if (this.#isOver) return;
    if (runs) {
      this.end();
      return;
    }
    const nowMs = platform.clock.nowMs();
    if (nowMs >= (this.#toldMs === undefined ? this.#startedMs + TELL_MS : this.#toldMs + TELL_AGAIN_MS)) {
      this.#toldMs = nowMs;
      observer.onLog(`[gateway] ${installer} has been fetching the server for ${this.#seconds()} s`);
    }
    this.#lookLater();
  }

  #seconds(): number {
    return Math.round((this.#context.platform.clock.nowMs() - this.#startedMs) / 1_000);
  }
}
