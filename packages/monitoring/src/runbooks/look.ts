import type { Look } from "../model.ts";
import { ALERT_PREFIX, type AlertKey } from "../names.ts";
import type { Expression } from "../promql/vector.ts";

/** Ask Prometheus. */
export function query(expr: Expression): Look {
  return { kind: "query", expr };
}

/** Type this, a line each. */
export function shell(...lines: readonly string[]): Look {
  return { kind: "shell", command: lines.join("\n") };
}

/** Search the gateway's log for an event, or for several where `event` is a list. */
export function log(event: string | readonly [string, ...string[]], ...fields: readonly string[]): Look {
  return { kind: "log", events: typeof event === "string" ? [event] : event, fields };
}

/** A link to the page of another alert. */
export function see(alert: AlertKey): string {
  return `[${ALERT_PREFIX}${alert}](${ALERT_PREFIX}${alert}.md)`;
}
