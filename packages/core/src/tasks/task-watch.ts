import type { CallResult } from "../call.ts";
import { failure } from "../errors.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Clock, Platform } from "../platform/platform.ts";
import { RPC } from "../protocol/json-rpc.ts";
import { resultOf } from "../reply-meaning.ts";
import { backoffMs } from "../resilience/backoff.ts";
import { startDeadline } from "../resilience/deadline.ts";
import type { UpstreamReply, UpstreamRequest, UpstreamSession } from "../transports/session.ts";
import { type EndStatus, isEnd, isTooLargeForTask, readTask, type TaskReport } from "./task-messages.ts";

/** Milliseconds a server may take to say how a task is. */
const STATUS_MS = 10_000;
/** Between two looks at a task of a server that does not wait with its result. */
const PAUSE_MS = { min: 1_000, max: 60_000 } as const;
/** Between attempts after the connection broke. */
const RETRY = { baseMs: 500, maxMs: 15_000 } as const;
/** Attempts in a row in which a server did not say how a task is, or had no result that could be read of one that has ended. */
const VAIN_MAX = 6;

/** How a task ended. */
export interface TaskEnd {
  readonly status: EndStatus;
  /** What `tasks/result` is answered with. */
  readonly outcome: CallResult;
  /** Whether the server has ended it, and not the gateway. */
  readonly byServer: boolean;
}

/** A task at its server. */
export interface WatchedTask {
  readonly server: ManagedServer;
  readonly session: UpstreamSession;
  /** The server's id of the task. */
  readonly id: string;
  /** Whether the session is still the one in which the task was begun. */
  readonly isLive: () => boolean;
  readonly onReport: (report: TaskReport) => void;
  readonly talk: Pick<UpstreamRequest, "onNotification" | "onServerRequest" | "origin">;
  /** Aborts when the task has ended otherwise. */
  readonly signal: CancelSignal;
}

/**
 * Waits for the end of a task with a `tasks/result` that is open at its server for as long as it works, which is also where the server
 * says and asks what belongs to the task. It takes no slot, and says nothing about the health of the server. Servers that refuse
 * to wait, and connections that break, are asked again. Resolves to `undefined` when the signal aborts; never rejects.
 */
export async function watchTask(task: WatchedTask, platform: Platform): Promise<TaskEnd | undefined> {
  const { clock } = platform;
  const { session, id, signal, talk, server } = task;
  /** Attempts in a row that were in vain, and that failed at once. */
  let vain = 0;
  let failures = 0;
  for (;;) {
    const params = { taskId: id };
    const common = { params, trace: {}, clientEra: "legacy" } as const;
    const sentMs = clock.nowMs();
    const reply = await session.request({ ...common, ...talk, method: "tasks/result", signal, task: id });
    if (signal.aborted) return undefined;
    if (reply.kind !== "result" && !task.isLive()) return lost(server.id);
    const waitedMs = clock.nowMs() - sentMs;
    const report = await statusOf(task, clock);
    if (signal.aborted) return undefined;
    const end = typeof report === "object" && isEnd(report.status) ? report.status : undefined;
    if (reply.kind === "result") {
      return { status: end ?? (reply.result.isError ? "failed" : "completed"), outcome: reply, byServer: true };
    }
    if (!task.isLive()) return lost(server.id);
    if (report === "unknown") return forgotten(server.id, reply);
    if (reply.kind === "error" && end !== undefined) {
      return { status: end, outcome: endedBy(end, reply), byServer: true };
    }
    vain = report === "silent" || end !== undefined ? vain + 1 : 0;
    if (vain >= VAIN_MAX) {
      return { status: end ?? "failed", outcome: resultOf(reply, server), byServer: end !== undefined };
    }
    failures = reply.kind === "failed" && waitedMs < RETRY.maxMs ? failures + 1 : 0;
    const pauseMs =
      reply.kind === "failed"
        ? backoffMs(Math.max(0, failures - 1), RETRY, () => platform.random())
        : pollIntervalOf(report);
    await paused(clock, pauseMs, signal);
    if (signal.aborted) return undefined;
  }
}

async function statusOf(
  { session, id, signal, onReport }: WatchedTask,
  clock: Clock,
): Promise<TaskReport | "unknown" | "silent"> {
  const deadline = startDeadline(clock, STATUS_MS, signal);
  try {
    const request = { method: "tasks/get", params: { taskId: id }, trace: {}, clientEra: "legacy" } as const;
    const reply = await session.request({ ...request, signal: deadline.signal });
    if (reply.kind === "error" && reply.error.code === RPC.invalidParams) return "unknown";
    const isRead = reply.kind === "result" && !isTooLargeForTask(reply.result);
    const report = isRead ? readTask({ ...reply.result.value, taskId: id }) : undefined;
    if (report !== undefined) onReport(report);
    return report ?? "silent";
  } finally {
    deadline.dispose();
  }
}

function pollIntervalOf(report: TaskReport | "silent"): number {
  const wanted = typeof report === "object" ? report.value.pollInterval : undefined;
  const ms = typeof wanted === "number" && Number.isFinite(wanted) ? wanted : PAUSE_MS.min;
  return Math.min(PAUSE_MS.max, Math.max(PAUSE_MS.min, ms));
}

function endedBy(status: EndStatus, reply: Extract<UpstreamReply, { kind: "error" }>): CallResult {
  return status === "cancelled" ? failure("cancelled", "the task was cancelled") : reply;
}

/** The process, the connection or the whole server is gone, and the task with it. */
export function lost(server: string): TaskEnd {
  const what = `server "${server}" was stopped, restarted or lost while it worked on this task`;
  const outcome = { ...failure("connection", `${what}, which is lost`), maybeExecuted: true };
  return { status: "failed", outcome, byServer: false };
}

function forgotten(server: string, reply: UpstreamReply): TaskEnd {
  const what = `server "${server}" does not know this task any more`;
  const said = reply.kind === "error" ? ` (${reply.error.message})` : "";
  const outcome = { ...failure("upstream_error", `${what}, which is lost`), maybeExecuted: true } as const;
  return { status: "failed", outcome: { ...outcome, diagnosis: `${outcome.message}${said}` }, byServer: false };
}

function paused(clock: Clock, ms: number, signal: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      cancelTimer();
      signal.removeEventListener("abort", settle);
      resolve();
    };
    const cancelTimer = clock.schedule(ms, settle);
    signal.addEventListener("abort", settle);
    if (signal.aborted) settle();
  });
}
