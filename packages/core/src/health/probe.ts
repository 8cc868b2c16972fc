import type { HealthResult } from "@mcp-hangar/telemetry";
import { diagnosisOf } from "../errors.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { SessionOwner } from "../lifecycle/session-owner.ts";
import type { Clock } from "../platform/platform.ts";
import type { UpstreamSession } from "../transports/session.ts";

export interface CheckOutcome {
  readonly result: HealthResult;
  /** Why it is unhealthy. */
  readonly message: string | undefined;
}

/**
 * Asks a running server for a sign of life: `ping` of the legacy era, `server/discover` of the modern one.
 * Any answer is one, also an error and an HTTP status that refuses the request; silence until `timeoutMs`, a lost
 * connection and an HTTP status that says that the server is in trouble are not.
 */
export async function probe(session: UpstreamSession, timeoutMs: number, clock: Clock): Promise<CheckOutcome> {
  const timeout = new AbortController();
  const cancel = clock.schedule(timeoutMs, () => timeout.abort());
  const method = session.peer.era === "modern" ? "server/discover" : "ping";
  const reply = await session.request({ method, params: {}, signal: timeout.signal, trace: {} });
  cancel();
  if (reply.kind !== "failed" || reply.answered) return { result: "healthy", message: undefined };
  const message = timeout.signal.aborted ? `no answer to ${method} within ${timeoutMs} ms` : reply.message;
  return { result: "unhealthy", message };
}

/** What a check needs besides the server. */
export interface CheckParts {
  readonly owner: SessionOwner;
  readonly clock: Clock;
  /** Whether the server gets no calls until it has shown that it works. */
  readonly isSuspected: () => boolean;
}

/** Probes a running server, or tries to bring a failed one back; what there is nothing to probe of is skipped. */
export async function checkServer(
  server: ManagedServer,
  timeoutMs: number,
  { owner, clock, isSuspected }: CheckParts,
): Promise<CheckOutcome> {
  const session = server.session();
  if (session !== undefined) {
    const askedMs = clock.nowMs();
    const outcome = await probe(session, timeoutMs, clock);
    if (server.session() !== session) return SKIPPED;
    // It works on a call and shows it: a server that does one thing at a time answers when that is done.
    if (outcome.result === "unhealthy" && server.inFlight > 0 && server.signs.since(askedMs)) return SKIPPED;
    if (outcome.result === "healthy") server.signs.answered();
    owner.checked(session, outcome.result === "healthy" ? undefined : (outcome.message ?? "health check failed"));
    return outcome;
  }
  const { state, retired } = owner;
  // Nobody else would start a server that is out of its group's rotation, so it could never come back.
  const suspected = state.name === "cold" && (state.failures > 0 || isSuspected());
  if ((state.name !== "dead" && !suspected) || retired) return SKIPPED;
  const started = await server.ensureReady(new AbortController().signal);
  return "kind" in started
    ? { result: "unhealthy", message: diagnosisOf(started) }
    : { result: "healthy", message: undefined };
}

const SKIPPED: CheckOutcome = { result: "skipped", message: undefined };
