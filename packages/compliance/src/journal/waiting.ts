import {
  type AuditCaptured,
  type AuditRecord,
  auditOriginOf,
  auditRecordBytes,
  type Ended,
  FORBIDDEN_OPERATION,
  REJECTION_REASONS,
} from "@mcp-hangar/telemetry";

/** What waits to be written. */
export interface Waiting {
  /** An end becomes a record off the caller's time, soon enough that it keeps no payload alive; `undefined` when it cannot be one. */
  content: Ended | AuditRecord | undefined;
  /** What was captured of the call, while it is being encrypted; absent when there is nothing to wait for. */
  capturing?: Promise<AuditCaptured> | undefined;
  /** Bytes that this takes at most. */
  readonly captureBytes: number;
  /** Whose it is, of what anybody can cause any number: a flood of refused requests drives out its own records first. */
  readonly origin: string | undefined;
  /** Told when it is on the disk. */
  readonly settle: ((isDurable: boolean) => void) | undefined;
}

/** Puts what was captured into its record. */
export async function addCaptured(waiting: Waiting): Promise<void> {
  const captured = await waiting.capturing;
  waiting.capturing = undefined;
  const { content } = waiting;
  if (captured === undefined || content === undefined || "timeMs" in content) return;
  if (Object.keys(captured).length > 0) waiting.content = { ...content, captured };
}

/** Bytes that an end counts for, roughly: it becomes a record within a turn, and its payload is gone then. */
const END_BYTES = 4_000;

/** The origin of something that waits; `undefined` where it can only be of the gateway's own making, or was allowed. */
export function talkativeOriginOf(content: Ended | AuditRecord): string | undefined {
  if (!("timeMs" in content)) return auditOriginOf(content);
  const { type, outcome, caller, client } = content;
  const isRefusal = typeof outcome === "string" ? REFUSED_OPERATIONS.has(outcome) : outcome.status === "rejected";
  return isRefusal ? `${type} ${caller.credential} ${client.address ?? ""}` : undefined;
}

const REFUSED_OPERATIONS: ReadonlySet<string> = new Set([...REJECTION_REASONS, ...FORBIDDEN_OPERATION]);

/** Bytes that something counts for while it waits. */
export function roughSizeOf({ content, captureBytes }: Waiting): number {
  if (content === undefined || "timeMs" in content) return END_BYTES + captureBytes;
  return auditRecordBytes(content);
}
