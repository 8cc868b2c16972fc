import { ALERT_PREFIX, type AlertKey } from "../names.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { unlessOn } from "../promql/operators.ts";
import { anyOf, type Scope } from "../promql/select.ts";
import type { Meaning, Vector } from "../promql/vector.ts";

/** The alerts that wake somebody about one server, which they name. */
export const PAGES_FOR_A_SERVER = [
  "HighErrorRate",
  "CircuitBreakerTripped",
  "ProviderUnhealthy",
] as const satisfies readonly AlertKey[];

/**
 * Without what belongs to servers for which somebody has been paged already: one dead server is one page, and that others
 * fail as well must still be told. Only a page counts that has been sent; what is about to fire hides nothing.
 */
export function withoutPagedFor<Label extends string, Means extends Meaning>(
  rules: Scope,
  failures: Vector<Label | "job" | "mcp_server", Means>,
): Vector<Label | "job" | "mcp_server", Means> {
  const names = PAGES_FOR_A_SERVER.map((key) => ALERT_PREFIX + key);
  const paged = rules.series(prometheusMetrics.alerts, { alertname: anyOf(...names), alertstate: "firing" });
  return unlessOn(failures, ["job", "mcp_server"], paged);
}
