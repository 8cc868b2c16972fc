import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { complementOf } from "../slo/decimal.ts";
import { counter, histogram } from "./series.ts";
import { alertNamed, type Coverage, inShares, type Story, tell, together } from "./story.ts";

const { batchItems, batchCalls, batchCancellations, batchDuration, batchSize } = catalog;

/** Batches whose items fail, that are cut short, that are slow or too large. */
export function batches(context: Context, { alerts }: Topic): Coverage {
  const { BatchSlowExecution: slow, BatchSizeTooLarge: large } = context.options.alerts;
  const slowBatches = inShares(complementOf(slow.quantile), slow, context, ({ each, ...beyond }) => ({
    course: { kind: "average", window: slow.window },
    series: histogram(batchDuration, {}, { limit: slow.limit, each, beyond }),
    firing: {},
    share: {},
  }));
  const largeBatches = inShares(complementOf(large.quantile), large, context, ({ each, ...beyond }) => ({
    course: { kind: "average", window: large.window },
    series: histogram(batchSize, {}, { limit: large.limit, each, beyond }),
    firing: {},
    share: {},
  }));
  return together(
    tell(context, alertNamed(alerts, "BatchHighFailureRate"), failures(context)),
    tell(context, alertNamed(alerts, "BatchHighCancellationRate"), cancellations(context)),
    tell(context, alertNamed(alerts, "BatchSlowExecution"), slowBatches),
    tell(context, alertNamed(alerts, "BatchSizeTooLarge"), largeBatches),
  );
}

/** Every batch is partial: only its items tell how bad it is. */
function failures(context: Context): readonly Story[] {
  const setting = context.options.alerts.BatchHighFailureRate;
  return inShares(setting.share, setting, context, ({ each, below, above }) => {
    const failed = { below: (each * below) / 2, above: (each * above) / 2 };
    const succeeded = { healthy: each, below: each * (1 - below), above: each * (1 - above) };
    return {
      course: { kind: "average", window: setting.window },
      series: [
        ...counter(batchItems, { status: "success" }, succeeded),
        ...counter(batchItems, { status: "error" }, failed),
        ...counter(batchItems, { status: "timeout" }, failed),
        ...counter(batchItems, { status: "rejected" }, each),
        ...counter(batchItems, { status: "cancelled" }, each),
      ],
      firing: {},
      share: { part: ({ labels }) => labels.status === "error" || labels.status === "timeout" },
    };
  });
}

function cancellations(context: Context): readonly Story[] {
  const setting = context.options.alerts.BatchHighCancellationRate;
  return inShares(setting.share, setting, context, ({ each, below, above }) => {
    const cut = { below: (each * below) / 2, above: (each * above) / 2 };
    const succeeded = { healthy: each, below: each * (1 - below), above: each * (1 - above) };
    return {
      course: { kind: "average", window: setting.window },
      series: [
        ...counter(batchCancellations, { reason: "timeout" }, cut),
        ...counter(batchCancellations, { reason: "client" }, cut),
        ...counter(batchCalls, { result: "success" }, succeeded),
        ...counter(batchCalls, { result: "cancelled" }, { below: each * below, above: each * above }),
        // These never began.
        ...counter(batchCalls, { result: "validation_error" }, each),
      ],
      firing: {},
      share: { part: ({ metric }) => metric === batchCancellations },
    };
  });
}
