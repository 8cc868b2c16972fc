import type { SendOutcome } from "@mcp-hangar/delivery";
import { ABANDONED } from "./failure.ts";

/** What `done` resolves to; `ABANDONED` as soon as the signal aborts. */
export async function unlessAborted(done: Promise<SendOutcome>, signal: AbortSignal): Promise<SendOutcome> {
  if (signal.aborted) return ABANDONED;
  const { promise: aborted, resolve } = Promise.withResolvers<SendOutcome>();
  const abandon = (): void => resolve(ABANDONED);
  signal.addEventListener("abort", abandon, { once: true });
  try {
    return await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}
