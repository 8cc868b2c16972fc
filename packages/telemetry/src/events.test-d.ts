/** What must not compile; see `metrics/define.test-d.ts` for how these lines are checked. */
import type { CallOutcome } from "./call-course.ts";
import type { HangarEvent, HangarEventOf, OperationFinished } from "./events.ts";
import { registeredName } from "./registered-name.ts";

export const wrongEvents: HangarEvent[] = [
  { type: "gateway.started", timeMs: 1, version: "1.0.0" },
  // @ts-expect-error there is no such event
  { type: "gateway.exploded", timeMs: 1 },
  // @ts-expect-error an event has a time
  { type: "gateway.started", version: "1.0.0" },
  // @ts-expect-error a field of another event
  { type: "gateway.started", timeMs: 1, version: "1.0.0", uptimeSeconds: 1 },
  // @ts-expect-error a server id comes from the configuration, so a plain string is not one
  { type: "server.unregistered", timeMs: 1, server: "math" },
  { type: "server.unregistered", timeMs: 1, server: registeredName("math") },
  {
    type: "server.state_changed",
    timeMs: 1,
    server: registeredName("math"),
    from: "cold",
    // @ts-expect-error a state that does not exist
    to: "gone",
    cause: "opened",
  },
  // @ts-expect-error a cause that no lifecycle knows
  { type: "server.state_changed", timeMs: 1, server: registeredName("math"), from: "cold", to: "ready", cause: "luck" },
  // @ts-expect-error a reason that nobody is refused for
  { type: "authentication.failed", timeMs: 1, door: "mcp", reason: "ugly", remoteAddress: undefined },
  { type: "authentication.failed", timeMs: 1, door: "mcp", reason: "expired_token", remoteAddress: undefined },
];

export const wrongOutcomes: CallOutcome[] = [
  { status: "timeout", errorType: "timeout", message: "" },
  // @ts-expect-error a timeout has a status of its own, so that it is not counted as an error
  { status: "error", errorType: "timeout", message: "" },
  // @ts-expect-error a rejection is the caller's side and has a reason, not an error type
  { status: "rejected", errorType: "internal", message: "" },
  // @ts-expect-error a success has no error type
  { status: "success", resultType: "complete", errorType: "internal" },
];

export function wrongField(event: HangarEventOf<"call.finished">): unknown {
  // @ts-expect-error arguments open only through a capture policy
  return event.arguments.value;
}

export const outcomes: OperationFinished["outcome"][] = [
  "done",
  "unknown_server",
  "rate_limited",
  // @ts-expect-error a failure that no operation has
  "unlucky",
];
