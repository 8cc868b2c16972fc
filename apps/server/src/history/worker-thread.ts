import { Worker } from "node:worker_threads";
import type { WorkerAnswer, WorkerRequest, WorkerSetup } from "./worker-messages.ts";

type Rows = Extract<WorkerAnswer, { kind: "done" }>["rows"];
/** A request without its number. */
type Request = WorkerRequest extends infer Each ? (Each extends WorkerRequest ? Omit<Each, "number"> : never) : never;

/** The thread that owns the file. Requests are answered in their order; when the thread has died, all are refused. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<Rows>>();
  #lastNumber = 0;
  #ended: Error | undefined;
  /** Resolves when the file is open; rejects with why it cannot be opened. */
  readonly opened: Promise<Rows>;

  constructor(setup: WorkerSetup) {
    // Run from sources this file is TypeScript, and so is the other.
    const program = new URL(import.meta.url.endsWith(".ts") ? "worker.ts" : "worker.js", import.meta.url);
    this.#worker = new Worker(program, { workerData: setup, name: "history" });
    this.opened = this.#await(0);
    this.#worker.on("message", (answer: WorkerAnswer) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", () => this.#end(new Error("the thread of the history has ended")));
  }

  request(request: Request): Promise<Rows> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#lastNumber += 1;
    const promise = this.#await(this.#lastNumber);
    this.#worker.postMessage({ number: this.#lastNumber, ...request } satisfies WorkerRequest);
    return promise;
  }

  /** Ends the thread, whatever it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #await(number: number): Promise<Rows> {
    const waiting = Promise.withResolvers<Rows>();
    this.#waiting.set(number, waiting);
    // Only while somebody waits for an answer does the thread keep the process alive.
    this.#worker.ref();
    return waiting.promise;
  }

  #answered(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (answer.kind === "done") waiting?.resolve(answer.rows);
    else waiting?.reject(new Error(answer.message));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
