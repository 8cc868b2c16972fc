import {
  AttributeList,
  HANGAR_ATTRIBUTES as HANGAR,
  type HealthCheckFinished,
  milliseconds,
  OTEL_ATTRIBUTES as OTEL,
  redactText,
} from "@mcp-hangar/telemetry";
import { SpanKind } from "@opentelemetry/api";
import { DRAFT_BYTES } from "./local-trace.ts";
import type { SpanRecord } from "./span-record.ts";
import type { TracingCore } from "./tracing-core.ts";

/** Characters of what a check found that stand on a span. */
const MESSAGE_CHARS_MAX = 2_000;

/** The span of a health check that has been made, in a trace of its own. */
export function recordHealthCheck(event: HealthCheckFinished, core: TracingCore): void {
  const { server, result, durationSeconds, consecutiveFailures, message, timeMs } = event;
  if (result === "skipped") return;
  const isFailed = result === "unhealthy";
  const { identity } = core.begin({}, undefined, SpanKind.INTERNAL);
  const durationMs = milliseconds(durationSeconds);
  const isWorthIt = core.isWorthIt(isFailed, durationMs);
  const make = (): readonly SpanRecord[] => [
    {
      traceId: identity.traceId,
      spanId: identity.spanId,
      parent: undefined,
      name: "health check",
      kind: SpanKind.INTERNAL,
      startMs: timeMs - durationMs,
      endMs: timeMs,
      attributes: AttributeList.of({
        [HANGAR.serverId]: redactText(server),
        [HANGAR.healthResult]: result,
        [HANGAR.healthConsecutiveFailures]: consecutiveFailures,
        [HANGAR.healthDurationMs]: durationMs,
        ...(isFailed && { [OTEL.errorType]: "unhealthy" }),
      }),
      ...(isFailed && { error: message === undefined ? "" : redactText(message, MESSAGE_CHARS_MAX) }),
    },
  ];
  identity.local.finish({ spans: 1, bytes: DRAFT_BYTES, make }, { isWorthIt, isRoot: true });
}
