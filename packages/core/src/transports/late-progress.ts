import { metaOf } from "../protocol/meta.ts";
import type { UpstreamRequest } from "./session.ts";

/** What is left of a request whose progress is still heard: its token, in the place where it was sent, and who hears of it. */
export type ProgressHearer = Pick<UpstreamRequest, "params" | "onNotification">;

/**
 * Requests that were answered while the work on them goes on, by our own ids: the server may tell of its progress still. What else they
 * said is not kept: arguments are as large as their callers like.
 */
export class LateProgress {
  readonly #requests = new Map<number, ProgressHearer>();

  /** The request of that id was answered. */
  answered(id: number, { params, afterwards }: UpstreamRequest): void {
    const { progressToken } = metaOf(params);
    if (progressToken === undefined || afterwards === undefined || afterwards.until.aborted) return;
    this.#requests.set(id, { params: { _meta: { progressToken } }, onNotification: afterwards.tell });
    afterwards.until.addEventListener("abort", () => this.#requests.delete(id), { once: true });
  }

  /** The request of that id, if progress of it is still heard. */
  of(id: number): ProgressHearer | undefined {
    return this.#requests.get(id);
  }
}
