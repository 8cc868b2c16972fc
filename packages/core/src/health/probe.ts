import type { HealthResult } from "@mcp-hangar/telemetry";
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
