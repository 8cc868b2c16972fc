import type { SendOutcome } from "@mcp-hangar/delivery";
import type { AuditSink, SinkEntry } from "../sink.ts";
import { ioFailed, reasonText } from "./failure.ts";

/** Thrown by a callback that refuses its records for good: they are dropped, and counted as `rejected`. */
export class RecordsRefused extends Error {
  override readonly name = "RecordsRefused";
}

export interface CallbackSinkOptions {
  readonly name: string;
  /**
   * Takes records, and has them when it returns or its promise resolves. What it throws means that they come again, save for a
   * `RecordsRefused`; an outcome that it returns counts instead. `signal` aborts when it has taken too long.
   */
  readonly callback: (entries: readonly SinkEntry[], signal: AbortSignal) => CallbackResult | Promise<CallbackResult>;
}

/** Nothing means that every record was taken. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the usual callback
export type CallbackResult = SendOutcome | undefined | void;

/** Hands records to a function of the process. */
export function callbackSink({ name, callback }: CallbackSinkOptions): AuditSink {
  return {
    name,
    acknowledged: true,
    async send(batch, signal) {
      try {
        return (await callback(batch, signal)) ?? { kind: "delivered" };
      } catch (error) {
        if (error instanceof RecordsRefused) return { kind: "rejected", message: reasonText(error) };
        return ioFailed("the callback threw", error);
      }
    },
    close: () => Promise.resolve(),
  };
}
