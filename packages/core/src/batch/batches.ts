import { type BatchResult, passThroughTracer, type Telemetry } from "@mcp-hangar/telemetry";
import { type CallResult, LOCAL_CALLER, type RelayContext } from "../call.ts";
import { failure } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Platform } from "../platform/platform.ts";
import { META } from "../protocol/eras.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import { correlationOf, traceParents } from "../protocol/meta.ts";
import { type Attempt, type BatchEnd, BatchRun } from "./batch-run.ts";
import type { ContinuationStore } from "./continuation-store.ts";
import { type BatchRefusal, type BatchReport, countItems, reportItem } from "./report.ts";
import { type BatchCall, type BatchRequest, validateBatch } from "./request.ts";
import { isRepeatable, retryDelayMs } from "./retry.ts";
import { ResultShortener, type ShortenedResult } from "./shorten.ts";

export interface BatchesOptions extends Telemetry {
  readonly gateway: Pick<Gateway, "callTool" | "fleet">;
  readonly platform: Platform;
  /** Where results go that are too large for an answer. */
  readonly continuations: ContinuationStore;
}

/** Who sends a batch, and how to reach them meanwhile. `meta` gives trace and correlation of items without their own. */
export type BatchContext = Omit<RelayContext, "timeoutMs">;

/**
 * Runs batches over `Gateway.callTool`. Every attempt at an item is a call with its own `call.finished`, under the
 * batch's id; the item is counted once, by its final outcome, in the one `batch.finished`.
 */
export class Batches {
  readonly #options: BatchesOptions;
  #executing = 0;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** Attempts that run now, over all batches, those included that a batch no longer waits for. */
  get itemsExecuting(): number {
    return this.#executing;
  }

  /**
   * Validates a request as a whole, runs its calls, and reports on each. Aborting `signal` means that the client left.
   * Answers within a tenth of a second of the batch's deadline, whatever upstreams do. Never rejects.
   */
  async execute(
    input: unknown,
    context: BatchContext = {},
    signal?: CancelSignal,
  ): Promise<BatchReport | BatchRefusal> {
    const { platform, bus } = this.#options;
    const { clock } = platform;
    const batchId = platform.uuid();
    const startedMs = clock.nowMs();
    const validation = validateBatch(input);
    if (validation.kind === "invalid") {
      const items = countItems([]);
      const timeMs = clock.wallMs();
      const durationSeconds = (clock.nowMs() - startedMs) / 1_000;
      const { size, problems } = validation;
      const result = "validation_error";
      bus.emit({
        type: "batch.finished",
        timeMs,
        batchId,
        result,
        size,
        durationSeconds,
        items,
        cancellation: undefined,
      });
      const error = `nothing was run: the request has ${problems.length} problem(s)`;
      return { batch_id: batchId, success: false, error_type: result, error, errors: problems };
    }
    const { request } = validation;
    const size = request.calls.length;
    const { tracer = passThroughTracer } = this.#options;
    const span = tracer.startBatch({ batchId, size, ...traceParents(context.meta, context.trace) });
    const trace = span.outbound;
    const { credential } = context.caller ?? LOCAL_CALLER;
    const shortener = new ResultShortener(credential, this.#options.continuations);
    const run = this.#newRun(request, batchId, { ...context, trace }, shortener);
    const end = await run.run(signal);
    const elapsedMs = clock.nowMs() - startedMs;
    const result = batchResult(end);
    span.end(result);
    bus.emit({
      type: "batch.finished",
      timeMs: clock.wallMs(),
      batchId,
      result,
      size,
      durationSeconds: elapsedMs / 1_000,
      items: countItems(end.items),
      cancellation: end.cancellation,
      trace: span.trace,
    });
    return report(batchId, end, elapsedMs, shortener.finish(end.items));
  }

  #newRun(request: BatchRequest, batchId: string, context: BatchContext, shortener: ResultShortener): BatchRun {
    const { gateway, platform } = this.#options;
    const { fleet } = gateway;
    return new BatchRun(request, {
      clock: platform.clock,
      batchId,
      // A server that does not exist takes no time.
      defaultTimeoutMs: (server) => (fleet.entry(server)?.options.call_timeout_s ?? 1) * 1_000,
      attempt: (attempt, attemptSignal) => this.#attempt(attempt, batchId, context, attemptSignal),
      retryDelayMs: (result, { server, tool }, attempts) =>
        retryDelayMs(result, attempts, {
          repeatable: () => isRepeatable(fleet.entry(server)?.catalog.known("tools"), tool),
          random: () => platform.random(),
        }),
      keep: (index, result) => shortener.keep(index, result),
    });
  }

  async #attempt(
    { call, callId, timeoutMs, index, number }: Attempt,
    batchId: string,
    context: BatchContext,
    signal: CancelSignal,
  ): Promise<CallResult> {
    this.#executing++;
    try {
      return await this.#options.gateway.callTool(
        {
          ...context,
          ...correlationOf(context.meta),
          // What the item says itself wins.
          ...correlationOf(call._meta as JsonObject | undefined),
          meta: itemMeta(context, call),
          server: call.server,
          tool: call.tool,
          // It was part of a JSON message, or has to be fit for one.
          arguments: call.arguments as JsonObject | undefined,
          timeoutMs,
          origin: "batch",
          batch: { id: batchId, index, attempt: number },
          callId,
        },
        signal,
      );
    } catch (error) {
      return { ...failure("internal", `unexpected failure in the gateway: ${String(error)}`), maybeExecuted: true };
    } finally {
      this.#executing--;
    }
  }
}

function report(
  batchId: string,
  end: BatchEnd,
  elapsedMs: number,
  shortened: ReadonlyMap<number, ShortenedResult>,
): BatchReport {
  const results = end.items.map((item) => reportItem(item, shortened.get(item.index)));
  const succeeded = results.filter(({ success }) => success).length;
  return {
    batch_id: batchId,
    success: succeeded === results.length,
    total: results.length,
    succeeded,
    failed: results.length - succeeded,
    elapsed_ms: Math.round(elapsedMs),
    cancellation: end.cancellation ?? null,
    results,
  };
}

/** Of the batch's own `_meta` only the log level is for every item; a progress token, say, belongs to one request. */
function itemMeta({ meta }: BatchContext, call: BatchCall): JsonObject | undefined {
  // It was part of a JSON message, or has to be fit for one.
  const own = call._meta as JsonObject | undefined;
  const logLevel = meta?.[META.logLevel];
  return logLevel === undefined ? own : { [META.logLevel]: logLevel, ...own };
}

function batchResult({ items, cancellation }: BatchEnd): BatchResult {
  const { success } = countItems(items);
  if (success === items.length) return "success";
  if (cancellation === "client") return "cancelled";
  return success > 0 ? "partial" : "failure";
}
