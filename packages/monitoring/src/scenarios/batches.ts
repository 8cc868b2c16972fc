import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { complementOf } from "../slo/decimal.ts";
import { counter, histogram } from "./series.ts";
import { alertNamed, around, type Coverage, type Story, tell, together } from "./story.ts";

const { batchItems, batchCalls, batchCancellations, batchDuration, batchSize } = catalog;

/** Batches, or items of them, at every step. */
const EACH = 10_000;

/** Batches whose items fail, that are cut short, that are slow or too large. */
export function batches(context: Context, { alerts }: Topic): Coverage {
  const { BatchSlowExecution: slow, BatchSizeTooLarge: large } = context.options.alerts;
  const slowBatches = histogram(
    batchDuration,
    {},
    {
      limit: slow.limit,
      each: EACH,
      beyond: around(complementOf(slow.quantile), slow.window, context),
    },
  );
  const largeBatches = histogram(
    batchSize,
    {},
    {
      limit: large.limit,
      each: EACH,
      beyond: around(complementOf(large.quantile), large.window, context),
    },
  );
  return together(
    tell(context, alertNamed(alerts, "BatchHighFailureRate"), [failures(context)]),
    tell(context, alertNamed(alerts, "BatchHighCancellationRate"), [cancellations(context)]),
    tell(context, alertNamed(alerts, "BatchSlowExecution"), [
      { course: { kind: "average", window: slow.window }, series: slowBatches, firing: {}, share: {} },
    ]),
    tell(context, alertNamed(alerts, "BatchSizeTooLarge"), [
      { course: { kind: "average", window: large.window }, series: largeBatches, firing: {}, share: {} },
    ]),
  );
}

/** Every batch is partial: only its items tell how bad it is. */
function failures(context: Context): Story {
  const { share, window } = context.options.alerts.BatchHighFailureRate;
  const { below, above } = around(share, window, context);
  const failed = { below: (EACH * below) / 2, above: (EACH * above) / 2 };
  return {
    course: { kind: "average", window },
    series: [
      ...counter(
        batchItems,
        { status: "success" },
        {
          healthy: EACH,
          below: EACH * (1 - below),
          above: EACH * (1 - above),
        },
      ),
      ...counter(batchItems, { status: "error" }, failed),
      ...counter(batchItems, { status: "timeout" }, failed),
      ...counter(batchItems, { status: "rejected" }, EACH),
      ...counter(batchItems, { status: "cancelled" }, EACH),
    ],
    firing: {},
    share: { part: ({ labels }) => labels.status === "error" || labels.status === "timeout" },
  };
}

function cancellations(context: Context): Story {
  const { share, window } = context.options.alerts.BatchHighCancellationRate;
  const { below, above } = around(share, window, context);
  const cut = { below: (EACH * below) / 2, above: (EACH * above) / 2 };
  return {
    course: { kind: "average", window },
    series: [
      ...counter(batchCancellations, { reason: "timeout" }, cut),
      ...counter(batchCancellations, { reason: "client" }, cut),
      ...counter(
        batchCalls,
        { result: "success" },
        {
          healthy: EACH,
          below: EACH * (1 - below),
          above: EACH * (1 - above),
        },
      ),
      ...counter(batchCalls, { result: "cancelled" }, { below: EACH * below, above: EACH * above }),
      // These never began.
      ...counter(batchCalls, { result: "validation_error" }, EACH),
    ],
    firing: {},
    share: { part: ({ metric }) => metric === batchCancellations },
  };
}
