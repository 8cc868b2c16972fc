import { type HangarEvent, type HangarEventOf, type HangarEventType, TelemetryBus } from "@mcp-hangar/telemetry";

/** What to wait for. */
export interface WaitOptions<Type extends HangarEventType> {
  /** How many events there must have been; 1 unless told. */
  readonly count?: number;
  /** Which events count; all unless told. */
  readonly where?: (event: HangarEventOf<Type>) => boolean;
  /** Real milliseconds after which waiting fails; 60 000 unless told. */
  readonly timeoutMs?: number;
}

/** What the slowest machine needs beside other work; a green test does not wait for it. */
const WAIT_MAX_MS = 60_000;

/** A bus that remembers everything. */
export class RecordingBus extends TelemetryBus {
  readonly #events: HangarEvent[] = [];
  /** Each is called after every event. */
  readonly #waiters = new Set<() => void>();

  /** Everything emitted, oldest first. */
  get events(): readonly HangarEvent[] {
    return this.#events;
  }

  override emit(event: HangarEvent): void {
    this.#events.push(event);
    super.emit(event);
    for (const check of this.#waiters) check();
  }

  /** The events of one type, oldest first. */
  of<Type extends HangarEventType>(type: Type): readonly HangarEventOf<Type>[] {
    return this.#events.filter((event): event is HangarEventOf<Type> => event.type === type);
  }

  /** Forgets what was recorded. */
  clear(): void {
    this.#events.length = 0;
  }

  /**
   * Resolves with all matching events as soon as there are enough of them, those recorded before included.
   * @throws Error after `timeoutMs`, with the types that came instead.
   */
  waitFor<Type extends HangarEventType>(
    type: Type,
    options: WaitOptions<Type> = {},
  ): Promise<readonly HangarEventOf<Type>[]> {
    const { count = 1, where = () => true, timeoutMs = WAIT_MAX_MS } = options;
    const timeout = AbortSignal.timeout(timeoutMs);
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const matching = this.of(type).filter(where);
        if (matching.length < count) return;
        this.#waiters.delete(check);
        timeout.removeEventListener("abort", giveUp);
        resolve(matching);
      };
      const giveUp = (): void => {
        this.#waiters.delete(check);
        const seen = this.#events.map((event) => event.type).join(", ") || "nothing";
        reject(new Error(`Waited ${timeoutMs} ms for ${count} event(s) ${type}, but recorded ${seen}`));
      };
      this.#waiters.add(check);
      timeout.addEventListener("abort", giveUp, { once: true });
      check();
    });
  }
}
