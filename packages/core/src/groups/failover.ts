import type { LateVerdict } from "../admission.ts";
import { isSafeToRepeat } from "../batch/retry.ts";
import type { CallResult } from "../call.ts";
import type { Failure } from "../errors.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { Clock } from "../platform/platform.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import { pinnedTo, withPin } from "./pinned-state.ts";
import type { Chosen } from "./roster.ts";
import type { ServerGroup } from "./server-group.ts";
import type { Subject } from "./subject.ts";

/** A request on its way through a group. */
export interface GroupCall {
  readonly clock: Clock;
  readonly subject: Subject;
  /** Params of the request, which may carry the state of a member. */
  readonly params: JsonObject | undefined;
  /** The caller's own deadline; the group's when absent. */
  readonly timeoutMs: number | undefined;
  /** Whether doing it again, after the server may have done it already, does no harm. */
  readonly repeatable: (server: ManagedServer) => boolean;
  /** Makes the request at one member. Must emit nothing that counts the request. */
  readonly attempt: (server: ManagedServer, params: JsonObject | undefined, timeoutMs: number) => Promise<CallResult>;
  readonly onFailover?: (failed: ManagedServer, next: ManagedServer, why: Failure) => void;
}

/**
 * Makes a request at one member after another until one answers, within one deadline. The next member is tried only when
 * that is safe: the failed one certainly has not begun, or the request may be repeated.
 */
export async function callThroughGroup(group: ServerGroup, call: GroupCall): Promise<CallResult> {
  const permit = group.admit();
  if ("code" in permit) return permit;
  let verdict: LateVerdict = "neutral";
  try {
    const attempts = await attemptInTurn(group, call);
    ({ verdict } = attempts);
    return attempts.result;
  } finally {
    group.release(permit, verdict);
  }
}

/** How a request ended, and what that says about whoever served it. */
interface Attempted {
  readonly result: CallResult;
  readonly verdict: LateVerdict;
}

async function attemptInTurn(group: ServerGroup, call: GroupCall): Promise<Attempted> {
  const { clock, subject } = call;
  const pinned = pinnedTo(group, call.params);
  if ("code" in pinned) return { result: pinned, verdict: "neutral" };
  const deadlineMs = clock.nowMs() + (call.timeoutMs ?? group.options.call_timeout_s * 1_000);
  const tried = new Set<ManagedServer>();
  const next = (): Chosen | undefined => {
    if (clock.nowMs() >= deadlineMs) return undefined;
    return group.pick(subject, tried, pinned.member);
  };
  let chosen = next();
  if (chosen === undefined) return { result: group.nobodyFor(subject), verdict: "neutral" };
  let maybeExecuted = false;
  for (;;) {
    tried.add(chosen.server);
    const { server }: Chosen = chosen;
    const startedMs = clock.nowMs();
    const leftMs = deadlineMs - startedMs;
    // A caller who says how long it may take means the call; otherwise a member that hangs leaves time for others.
    const timeoutMs = call.timeoutMs === undefined ? Math.min(leftMs, server.options.call_timeout_s * 1_000) : leftMs;
    const result = await call.attempt(server, pinned.params, timeoutMs);
    const verdict = verdictOf(result, startedMs, server);
    group.observe(server, verdict);
    if (result.kind !== "failure") return { result: withPin(server, result), verdict };
    maybeExecuted ||= result.maybeExecuted;
    const follower: Chosen | undefined = isElsewhereBetter(result, server, call) ? next() : undefined;
    if (follower === undefined) {
      return { result: { ...summed(result, tried.size, group), maybeExecuted }, verdict };
    }
    call.onFailover?.(server, follower.server, result);
    chosen = follower;
  }
}

/** Whether another member may succeed where this one failed, without anything being done twice. */
function isElsewhereBetter(failed: Failure, server: ManagedServer, { repeatable }: GroupCall): boolean {
  // What cannot be written down cannot be done anywhere.
  if (failed.code === "audit_unavailable") return false;
  // Members may differ: one that was listed just now turned out not to have the tool.
  if (failed.code === "unknown_tool") return true;
  return isSafeToRepeat(failed, () => repeatable(server));
}

/**
 * What a result says about a member: an answer, even an error or a refusal of the request, shows a live server. A refusal
 * to take more calls, a caller who left or who had little patience, and a member without the tool say nothing.
 */
function verdictOf(result: CallResult, sentMs: number, server: ManagedServer): LateVerdict {
  if (result.kind !== "failure") return "success";
  if (result.answered) return result.code === "overloaded" ? "neutral" : "success";
  switch (result.code) {
    case "connection":
    case "protocol":
    case "upstream_error":
    case "start_failed":
      return "failure";
    case "timeout":
      return result.maybeExecuted ? server.signs.verdictOfSilence(sentMs) : "neutral";
    default:
      return "neutral";
  }
}

function summed(last: Failure, tried: number, group: ServerGroup): Failure {
  if (tried === 1) return last;
  const what = `${tried} members of group "${group.id}" failed, the last with`;
  return {
    ...last,
    message: `${what}: ${last.message}`,
    ...(last.diagnosis !== undefined && { diagnosis: `${what}: ${last.diagnosis}` }),
  };
}
