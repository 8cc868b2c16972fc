import type { ServerOptions } from "../options.ts";
import type { ProbeOutcome } from "./probe.ts";

/** A probe that was asked for. */
export interface ProbeRequest {
  /** The candidate's key. */
  readonly key: string;
  readonly id: string;
  readonly options: ServerOptions;
  readonly fingerprint: string;
}

export interface ProbeQueueOptions {
  readonly probe: (request: ProbeRequest, signal: AbortSignal) => Promise<ProbeOutcome>;
  /** Whether the outcome would still be of use. */
  readonly wanted: (request: ProbeRequest) => boolean;
  readonly onOutcome: (request: ProbeRequest, outcome: ProbeOutcome) => void;
}

/** Servers that are started at the same time only to look whether they work. */
const PROBES_MAX = 4;

/** Runs probes, a few at a time and one a candidate. */
export class ProbeQueue {
  readonly #options: ProbeQueueOptions;
  readonly #waiting: ProbeRequest[] = [];
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  #closed = false;

  constructor(options: ProbeQueueOptions) {
    this.#options = options;
  }

  /** Runs the probe when there is room; one of an older definition of the same candidate is given up. */
  add(request: ProbeRequest): void {
    this.#running.get(request.key)?.abort.abort(new Error("its definition changed"));
    this.#waiting.push(request);
    this.#fill();
  }

  /** Gives all probes up, and resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort(new Error("the gateway is shutting down"));
    await Promise.all(running.map(({ done }) => done));
  }

  #fill(): void {
    while (!this.#closed && this.#running.size < PROBES_MAX) {
      const next = this.#waiting.findIndex(({ key }) => !this.#running.has(key));
      const [request] = next === -1 ? [] : this.#waiting.splice(next, 1);
      if (request === undefined) return;
      if (this.#options.wanted(request)) this.#start(request);
    }
  }

  #start(request: ProbeRequest): void {
    const abort = new AbortController();
    const done = (async () => {
      const outcome = await this.#options.probe(request, abort.signal);
      this.#running.delete(request.key);
      if (this.#closed) return;
      // One that was given up says nothing about the server.
      if (!abort.signal.aborted) this.#options.onOutcome(request, outcome);
      this.#fill();
    })();
    this.#running.set(request.key, { abort, done });
  }
}
