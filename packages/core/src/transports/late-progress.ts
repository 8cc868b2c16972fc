import type { UpstreamRequest } from "./session.ts";

/** Requests that were answered while the work on them goes on, by our own ids: the server may tell of its progress still. */
export class LateProgress {
  readonly #requests = new Map<number, UpstreamRequest>();

  /** The request of that id was answered. */
  answered(id: number, request: UpstreamRequest): void {
    const { progressUntil } = request;
    if (progressUntil === undefined || progressUntil.aborted) return;
    this.#requests.set(id, request);
    progressUntil.addEventListener("abort", () => this.#requests.delete(id), { once: true });
  }

  /** The request of that id, if progress of it is still heard. */
  of(id: number): UpstreamRequest | undefined {
    return this.#requests.get(id);
  }
}
