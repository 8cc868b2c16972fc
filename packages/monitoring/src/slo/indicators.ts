import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { SloName } from "../names.ts";
import { avg, by, max, sum } from "../promql/aggregate.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { maxOverTime, notNegative, rate } from "../promql/functions.ts";
import { or, subtract, zero } from "../promql/operators.ts";
import { anyOf } from "../promql/select.ts";
import type { Vector } from "../promql/vector.ts";

/** What an SLO counts: events, or the share of good time. */
export type Indicator =
  | {
      readonly kind: "events";
      readonly bad: Vector<"job", "rate">;
      readonly valid: Vector<"job", "rate">;
      /** The bad events of each server, where events have one. */
      readonly badByServer?: Vector<"job" | "mcp_server", "rate">;
    }
  | { readonly kind: "time"; readonly good: Vector<"job", "fraction"> };

/** How long a gateway that has vanished from service discovery counts as unavailable. */
export const REMEMBERED = "1d";

/**
 * The indicator of each SLO. Long windows are sums over the recorded rates instead of rates over the raw series, because
 * a fleet has a hundred thousand of those, and thirty days of them can be queried once, but not every minute.
 */
export function indicatorsOf({ options, rules }: Context): Readonly<Record<SloName, Indicator>> {
  const up = rules.series(prometheusMetrics.up);
  const window = options.burn.baseWindow;
  const { toolCalls, toolCallErrors, toolCallDuration, batchItems } = catalog;
  const byServer = by("job", "mcp_server");
  const errors = sum(rate(rules.series(toolCallErrors), window), by("job"));
  const calls = rules.series(toolCalls, { status: anyOf("success", "error", "timeout") });
  const finished = sum(rate(rules.observations(toolCallDuration), window), by("job"));
  const inTime = sum(rate(rules.bucketUpTo(toolCallDuration, options.slos.latency.limit), window), by("job"));
  const failedItems = rules.series(batchItems, { status: anyOf("error", "timeout") });
  const items = rules.series(batchItems, { status: anyOf("success", "error", "timeout") });
  return {
    // A target that has vanished from service discovery has no series `up` at all, which is not the same as being up. One
    // that was never seen is not down either: the first rules of a new Prometheus are evaluated before its first scrape,
    // and a single bad sample among so few would page. That nothing is ever scraped, NotResponding tells.
    availability: { kind: "time", good: or(avg(up, by("job")), zero(max(maxOverTime(up, REMEMBERED), by("job")))) },
    latency: {
      kind: "events",
      bad: notNegative(subtract(finished, inTime)),
      valid: finished,
      badByServer: notNegative(
        subtract(
          sum(rate(rules.observations(toolCallDuration), window), byServer),
          sum(rate(rules.bucketUpTo(toolCallDuration, options.slos.latency.limit), window), byServer),
        ),
      ),
    },
    // Refusals and cancellations are the caller's doing: neither good nor bad.
    errors: {
      kind: "events",
      bad: errors,
      valid: sum(rate(calls, window), by("job")),
      badByServer: sum(rate(rules.series(toolCallErrors), window), byServer),
    },
    batch_success: {
      kind: "events",
      bad: sum(rate(failedItems, window), by("job")),
      valid: sum(rate(items, window), by("job")),
    },
  };
}
