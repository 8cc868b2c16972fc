import type { Send, SendOutcome } from "@mcp-hangar/delivery";
import { redactText } from "@mcp-hangar/telemetry";
import { context } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode, suppressTracing } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

/** Characters of an exporter's error that are kept. */
const MESSAGE_CHARS_MAX = 300;

/** HTTP statuses after which OTLP says to try again (https://opentelemetry.io/docs/specs/otlp/#failures-1). */
const RETRYABLE_HTTP: ReadonlySet<unknown> = new Set([429, 502, 503, 504]);
/**
 * Status codes of gRPC after which OTLP says to try again (https://opentelemetry.io/docs/specs/otlp/#failures): cancelled, deadline
 * exceeded, resource exhausted, aborted, out of range, unavailable, data loss.
 */
const RETRYABLE_GRPC: ReadonlySet<unknown> = new Set([1, 4, 8, 10, 11, 14, 15]);
const GRPC_DEADLINE_EXCEEDED = 4;

/** Hands batches to an exporter of the SDK, which gives up much and says little; what may be tried again is decided here. */
export function sendSpans(exporter: SpanExporter): Send<ReadableSpan> {
  return async (batch) => {
    const { promise, resolve } = Promise.withResolvers<ExportResult>();
    // Where HTTP is instrumented, an export must not make spans that are exported.
    context.with(suppressTracing(context.active()), () => exporter.export([...batch], resolve));
    return outcomeOf(await promise);
  };
}

function outcomeOf({ code, error }: ExportResult): SendOutcome {
  if (code === ExportResultCode.SUCCESS) return { kind: "delivered" };
  const message = redactText(error?.message || String(error), MESSAGE_CHARS_MAX);
  const status = statusOf(error);
  if (status.kind === "http") {
    return RETRYABLE_HTTP.has(status.code)
      ? { kind: "retry", reason: "connection", message }
      : { kind: "rejected", message };
  }
  if (status.kind === "grpc") {
    if (!RETRYABLE_GRPC.has(status.code)) return { kind: "rejected", message };
    return { kind: "retry", reason: status.code === GRPC_DEADLINE_EXCEEDED ? "timeout" : "connection", message };
  }
  return { kind: "retry", reason: /time/i.test(message) ? "timeout" : "connection", message };
}

type Status = { readonly kind: "http" | "grpc"; readonly code: number } | { readonly kind: "none" };

/** An `OTLPExporterError` carries the HTTP status, an error of gRPC its own code, which is small, and of a connection a word. */
function statusOf(error: Error | undefined): Status {
  const code: unknown = error !== undefined && "code" in error ? error.code : undefined;
  if (typeof code !== "number") return { kind: "none" };
  return { kind: code >= 100 ? "http" : "grpc", code };
}
