import type { Retry, SendOutcome } from "@mcp-hangar/delivery";
import { redactText } from "@mcp-hangar/telemetry";

/** Characters of a message about a failure: it may quote what a receiver says. */
const MESSAGE_CHARS_MAX = 300;

/** The code of an error of the system, such as `ENOSPC`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What is wrong, for people: cut, and without secrets. */
export function reasonText(error: unknown): string {
  const text = error instanceof Error ? error.message || (codeOf(error) ?? error.name) : String(error);
  return redactText(text, MESSAGE_CHARS_MAX);
}

/** The batch is to be sent again, because the network or the receiver failed. */
export function connectionFailed(what: string, error: unknown): Retry {
  return { kind: "retry", reason: "connection", message: `${what}: ${reasonText(error)}` };
}

/** The batch is to be sent again, because a disk or a stream failed. */
export function ioFailed(what: string, error: unknown): Retry {
  return { kind: "retry", reason: "io", message: `${what}: ${reasonText(error)}` };
}

/** What an attempt comes to whose signal has aborted: nobody counts it. */
export const ABANDONED: SendOutcome = { kind: "retry", reason: "timeout", message: "the attempt was given up" };

/** What a sink that has closed says. */
export const CLOSED: SendOutcome = { kind: "retry", reason: "io", message: "the sink has closed" };
