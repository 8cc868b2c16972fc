import { catalog } from "@mcp-hangar/telemetry";
import { by, sum } from "../../promql/aggregate.ts";
import { rate } from "../../promql/functions.ts";
import { anyOf, not } from "../../promql/select.ts";
import type { Board } from "../board.ts";
import { toServer } from "../drill-down.ts";
import type { SectionDraft } from "../layout.ts";
import { percentiles, quantileOf, query, RATE, recently, SERVED, shareOf } from "../measures.ts";
import { chart, stackedChart } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";

/** Batches of calls. */
export function batches({ chosen, draw }: Board): SectionDraft {
  const { batchCalls, batchItems, batchDuration, batchSize, batchCancellations, batchConcurrency } = catalog;
  const failedItems = sum(rate(chosen.series(batchItems, { status: anyOf("error", "timeout") }), RATE));
  const items = sum(rate(chosen.series(batchItems, { status: SERVED }), RATE));
  const cancelled = sum(rate(chosen.series(batchCancellations), RATE));
  const valid = sum(rate(chosen.series(batchCalls, { result: not("validation_error") }), RATE));
  const sizes = sum(recently(chosen.buckets(batchSize)), by("le"));
  const refused = chosen.series(catalog.batchCircuitBreakerRejections);
  return {
    id: 400,
    title: "Batches",
    folded: true,
    rows: [
      [
        stackedChart({
          key: "batches-by-result",
          id: 401,
          title: "Batches by result",
          description: "Finished batches a second. Partial means that some of the items failed.",
          unit: "ops",
          queries: [query(sum(rate(chosen.series(batchCalls), RATE), by("result")), "{{result}}")],
          whenEmpty: whyEmpty.batches,
        }),
        chart({
          key: "batch-item-failures",
          id: 402,
          title: "Failing batch items",
          description: "The share of items in batches that fail. The alert BatchHighFailureRate fires above the line.",
          unit: "percentunit",
          queries: [query(shareOf(failedItems, items), "Failing items")],
          lines: "attention",
          drawn: draw("percentunit", "BatchHighFailureRate"),
          whenEmpty: whyEmpty.batches,
        }),
        chart({
          key: "batch-duration",
          id: 403,
          title: "Batch duration",
          description: "How long batches take. The line is where the alert BatchSlowExecution fires for P95.",
          unit: "s",
          queries: percentiles(sum(recently(chosen.buckets(batchDuration)), by("le"))),
          drawn: draw("s", "BatchSlowExecution"),
          whenEmpty: whyEmpty.batches,
        }),
      ],
      [
        chart({
          key: "batch-size",
          id: 404,
          title: "Batch size",
          description: "Items in a batch. The line is where the alert BatchSizeTooLarge fires for P95.",
          unit: "short",
          queries: [query(quantileOf(0.95, sizes), "P95"), query(quantileOf(0.5, sizes), "P50")],
          drawn: draw("short", "BatchSizeTooLarge"),
          width: 5,
          whenEmpty: whyEmpty.batches,
        }),
        chart({
          key: "batches-cut-short",
          id: 405,
          title: "Batches cut short",
          description:
            "The share of batches that a deadline, fail_fast or the client ended. The alert BatchHighCancellationRate fires above the line.",
          unit: "percentunit",
          queries: [query(shareOf(cancelled, valid), "Cut short")],
          lines: "attention",
          drawn: draw("percentunit", "BatchHighCancellationRate"),
          width: 5,
          whenEmpty: whyEmpty.batches,
        }),
        stackedChart({
          key: "batch-cancellations",
          id: 406,
          title: "Cut short by reason",
          description:
            "Why batches ended early. Many timeouts mean that the deadline is too short or a server too slow.",
          unit: "ops",
          queries: [query(sum(rate(chosen.series(batchCancellations), RATE), by("reason")), "{{reason}}")],
          width: 5,
          whenEmpty: whyEmpty.batches,
        }),
        chart({
          key: "batch-concurrency",
          id: 407,
          title: "Items executing",
          description: "Batch items that execute now. A flat top is the limit of concurrency.",
          unit: "none",
          queries: [query(sum(chosen.series(batchConcurrency)), "Items")],
          width: 4,
          whenEmpty: whyEmpty.batches,
        }),
        chart({
          key: "batch-breaker-refusals",
          id: 408,
          title: "Refused by breakers",
          description: "Batch items that an open circuit breaker refused. Click a line to look at the server.",
          unit: "ops",
          queries: [query(sum(rate(refused, RATE), by("mcp_server")), "{{mcp_server}}")],
          drillDown: toServer,
          width: 5,
          whenEmpty: whyEmpty.batches,
        }),
      ],
    ],
  };
}
