import { OTEL_ATTRIBUTES, redactText, type SpanAttributes } from "@mcp-hangar/telemetry";
import { type Attributes, type Span, SpanStatusCode, trace } from "@opentelemetry/api";

/** Characters of an error's message that stand on a span. */
const MESSAGE_CHARS_MAX = 2_000;

/** Values of attributes; absent ones are left out. */
export type SpanValues = Readonly<Record<string, SpanAttributes[string] | null | undefined>>;

/**
 * Runs `work` in a span beneath the active one, and ends the span with it, whether `work` returns, rejects or throws. A failure sets the
 * status and `error.type` and is thrown on; its message is searched for secrets before it is recorded.
 */
export function traceSpan<Result>(name: string, attributes: SpanValues, work: (span: Span) => Result): Result {
  const tracer = trace.getTracer("@mcp-hangar/tracing");
  return tracer.startActiveSpan(name, { attributes: present(attributes) }, (span) => {
    let result: Result;
    try {
      result = work(span);
    } catch (error) {
      fail(span, error);
      throw error;
    }
    if (!(result instanceof Promise)) {
      span.end();
      return result;
    }
    // A promise that settles as the one of `work` does: it has the same type.
    return result.then(
      (value) => {
        span.end();
        return value;
      },
      (error) => {
        fail(span, error);
        throw error;
      },
    ) as Result;
  });
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setAttribute(OTEL_ATTRIBUTES.errorType, error instanceof Error ? error.name : "_OTHER");
  span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(message, MESSAGE_CHARS_MAX) });
  span.end();
}

function present(values: SpanValues): Attributes {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value == null ? [] : [[name, value]])));
}
