import type { SendOutcome } from "../queue/send.ts";

/** Carries one encoded request to the collector. What went wrong is a value. */
export interface OtlpSender {
  send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome>;
  close(): void;
}
