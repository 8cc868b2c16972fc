import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, recordingRule, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import { by, sum } from "../promql/aggregate.ts";
import { increase, rate } from "../promql/functions.ts";
import { share, shareBeyond } from "../promql/operators.ts";
import { anyOf, not } from "../promql/select.ts";
import { complementOf, percent } from "../slo/decimal.ts";
import { label, text, value } from "../template.ts";
import { atLeastOf, beyond } from "./at-least-of.ts";

const { batchItems, batchCalls, batchCancellations, batchDuration, batchSize } = catalog;

/** Batches: whether their items succeed, how long they take, how large they are. */
export function batches(context: Context): Topic {
  return {
    name: "batches",
    recordingRules: [
      recordingRule(
        "job_status:mcp_hangar_batch_items:rate5m",
        sum(rate(context.rules.series(batchItems), "5m"), by("job", "status")),
      ),
    ],
    alerts: [failureRate(context), cancellationRate(context), slowExecution(context), tooLarge(context)],
  };
}

/** Counts items, for a batch of which most items fail is a failure even if it is called partial. */
function failureRate({ options, rules }: Context): AlertRule {
  const setting = options.alerts.BatchHighFailureRate;
  const failedItems = rules.series(batchItems, { status: anyOf("error", "timeout") });
  const servedItems = rules.series(batchItems, { status: anyOf("success", "error", "timeout") });
  const failed = sum(rate(failedItems, setting.window), by("job"));
  const served = sum(rate(servedItems, setting.window), by("job"));
  const condition = when(share(failed, served), ">", { threshold: setting.share, unit: "percentunit" });
  return alertRule({
    alert: "BatchHighFailureRate",
    setting,
    ...atLeastOf(condition, sum(increase(failedItems, setting.window), by("job")), setting),
    summary: text`${value("percentage")} of the batch items of ${label("job")} fail`,
    description: text`Over ${setting.window}, ${value("percentage")} of the items in batches failed or timed out; the limit is ${percent(setting.share)} %. Items that were refused or cancelled do not count.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

function cancellationRate({ options, rules }: Context): AlertRule {
  const setting = options.alerts.BatchHighCancellationRate;
  const cancelled = sum(rate(rules.series(batchCancellations), setting.window), by("job"));
  const valid = rules.series(batchCalls, { result: not("validation_error") });
  const all = sum(rate(valid, setting.window), by("job"));
  const condition = when(share(cancelled, all), ">", { threshold: setting.share, unit: "percentunit" });
  return alertRule({
    alert: "BatchHighCancellationRate",
    setting,
    ...atLeastOf(condition, sum(increase(rules.series(batchCancellations), setting.window), by("job")), setting),
    summary: text`${value("percentage")} of the batches of ${label("job")} are cut short`,
    description: text`Over ${setting.window}, ${value("percentage")} of the batches ended by their deadline, by fail_fast or by the client; the limit is ${percent(setting.share)} %.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

function slowExecution({ options, rules }: Context): AlertRule {
  const setting = options.alerts.BatchSlowExecution;
  const within = sum(rate(rules.bucketUpTo(batchDuration, setting.limit), setting.window), by("job"));
  const all = sum(rate(rules.observations(batchDuration), setting.window), by("job"));
  const threshold = complementOf(setting.quantile);
  const condition = when(shareBeyond(within, all), ">", { threshold, unit: "percentunit" });
  return alertRule({
    alert: "BatchSlowExecution",
    setting,
    ...atLeastOf(condition, beyond(rules, batchDuration, setting, by("job")), setting),
    summary: text`${value("percentage")} of the batches of ${label("job")} take longer than ${setting.limit} s`,
    description: text`The ${percent(setting.quantile)}th percentile of batches is above ${setting.limit} s: over ${setting.window}, ${value("percentage")} of them took longer.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

function tooLarge({ options, rules }: Context): AlertRule {
  const setting = options.alerts.BatchSizeTooLarge;
  const within = sum(rate(rules.bucketUpTo(batchSize, setting.limit), setting.window), by("job"));
  const all = sum(rate(rules.observations(batchSize), setting.window), by("job"));
  const threshold = complementOf(setting.quantile);
  const condition = when(shareBeyond(within, all), ">", { threshold, unit: "percentunit" });
  return alertRule({
    alert: "BatchSizeTooLarge",
    setting,
    ...atLeastOf(condition, beyond(rules, batchSize, setting, by("job")), setting),
    summary: text`${value("percentage")} of the batches of ${label("job")} have more than ${setting.limit} items`,
    description: text`The ${percent(setting.quantile)}th percentile of the size of batches is above ${setting.limit}: over ${setting.window}, ${value("percentage")} of them were larger. Smaller batches fail in smaller parts.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}
