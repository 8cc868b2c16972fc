import { BATCH_CANCELLATION_REASONS, BATCH_RESULTS, CALL_STATUSES } from "../vocabulary.ts";
import { BATCH_ITEMS, BATCH_SECONDS } from "./buckets.ts";
import { counter, gauge, histogram, nameOf, oneOf } from "./define.ts";

export const batchCalls = counter({
  name: "mcp_hangar_batch_calls_total",
  help: "Finished batches by result.",
  labels: { result: oneOf(BATCH_RESULTS) },
  on: { "batch.finished": (event) => ({ labels: { result: event.result }, value: 1 }) },
});

export const batchDuration = histogram({
  name: "mcp_hangar_batch_duration_seconds",
  help: "Time a batch took, of batches that passed validation.",
  labels: {},
  buckets: BATCH_SECONDS,
  on: {
    "batch.finished": (event) =>
      event.result === "validation_error" ? undefined : { labels: {}, value: event.durationSeconds },
  },
});

export const batchSize = histogram({
  name: "mcp_hangar_batch_size",
  help: "Items in a batch, of batches that passed validation.",
  labels: {},
  buckets: BATCH_ITEMS,
  on: {
    "batch.finished": (event) => (event.result === "validation_error" ? undefined : { labels: {}, value: event.size }),
  },
});

export const batchItems = counter({
  name: "mcp_hangar_batch_items_total",
  help: "Items of finished batches by outcome, so that a partly failing batch shows.",
  labels: { status: oneOf(CALL_STATUSES) },
  on: {
    "batch.finished": (event) => CALL_STATUSES.map((status) => ({ labels: { status }, value: event.items[status] })),
  },
});

export const batchCancellations = counter({
  name: "mcp_hangar_batch_cancellations_total",
  help: "Batches that were cut short, by reason.",
  labels: { reason: oneOf(BATCH_CANCELLATION_REASONS) },
  on: {
    "batch.finished": (event) =>
      event.cancellation === undefined ? undefined : { labels: { reason: event.cancellation }, value: 1 },
  },
});

export const batchCircuitBreakerRejections = counter({
  name: "mcp_hangar_batch_circuit_breaker_rejections_total",
  help: "Batch items that an open circuit breaker refused.",
  labels: { mcp_server: nameOf("mcp_server") },
  on: {
    "call.finished": (event) =>
      event.batch !== undefined && event.outcome.status === "error" && event.outcome.errorType === "circuit_open"
        ? { labels: { mcp_server: event.server }, value: 1 }
        : undefined,
  },
});

export const batchConcurrency = gauge({
  name: "mcp_hangar_batch_concurrency",
  help: "Batch items that execute now.",
  labels: {},
  read: (snapshot) => [{ labels: {}, value: snapshot.batchItemsExecuting }],
});
