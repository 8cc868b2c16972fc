import {
  type AuditCaptured,
  type AuditRecord,
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

/** Bytes that a record takes in memory, roughly; texts of any length are counted beside it. An end becomes a record within a turn. */
const ROUGH_BYTES = 2_000;

/** The origin of something that waits; `undefined` where it can only be of the gateway's own making, or was allowed. */
export function talkativeOriginOf(content: Ended | AuditRecord): string | undefined {
  if (!("timeMs" in content)) {
    const { type, category, outcome, actor } = content;
    const isRefusal = outcome === "denied" || (category === "authentication" && outcome !== "success");
    return isRefusal ? `${type} ${actor.credential ?? ""} ${actor.address ?? ""}` : undefined;
  }
  const { type, outcome, caller, client } = content;
  const isRefusal = typeof outcome === "string" ? REFUSED_OPERATIONS.has(outcome) : outcome.status === "rejected";
  return isRefusal ? `${type} ${caller.credential} ${client.address ?? ""}` : undefined;
}

const REFUSED_OPERATIONS: ReadonlySet<string> = new Set([...REJECTION_REASONS, ...FORBIDDEN_OPERATION]);

/** Bytes that something counts for while it waits. */
export function roughSizeOf({ content, captureBytes }: Waiting): number {
  if (content === undefined || "timeMs" in content) return 2 * ROUGH_BYTES + captureBytes;
  const { message = "", change, attempts = [] } = content;
  return (
    ROUGH_BYTES + message.length + (change?.before?.length ?? 0) + (change?.after?.length ?? 0) + 100 * attempts.length
  );
}
