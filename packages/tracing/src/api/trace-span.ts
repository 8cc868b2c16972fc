import { isPromise } from "node:util/types";
import { OTEL_ATTRIBUTES, redactText, type SpanAttributes } from "@mcp-hangar/telemetry";
import { type Attributes, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { contextManager, tracerProvider } from "../global-api.ts";

/** Characters of an error's message that stand on a span. */
const MESSAGE_CHARS_MAX = 2_000;

/** Values of attributes; absent ones are left out. */
export type SpanValues = Readonly<Record<string, SpanAttributes[string] | null | undefined>>;

/**
 * Runs `work` in a span beneath the active one, and ends the span with it, whether `work` returns, rejects or throws. A failure sets the
 * status and `error.type` and is thrown on; its message is searched for secrets before it is recorded. What `work` returns other than a
 * promise, such as a stream, may go on after the span.
 */
export function traceSpan<Result>(name: string, attributes: SpanValues, work: (span: Span) => Result): Result {
  const manager = contextManager();
  const active = manager.active();
  const tracer = tracerProvider().getTracer("@mcp-hangar/tracing");
  const span = tracer.startSpan(name, { attributes: present(attributes) }, active);
  let result: Result;
  try {
    result = manager.with(trace.setSpan(active, span), () => work(span));
  } catch (error) {
    fail(span, error);
    throw error;
  }
  // Those of another realm are promises, too. Objects with a `then` that are none may begin their work when it is called.
  if (!isPromise(result)) {
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
}

function fail(span: Span, error: unknown): void {
  span.setAttribute(OTEL_ATTRIBUTES.errorType, textOf(error, "name") || "_OTHER");
  span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(textOf(error, "message"), MESSAGE_CHARS_MAX) });
  span.end();
}

/** Anything can be thrown, also what has no text, or breaks when it is asked for one: the error itself must reach the caller. */
function textOf(error: unknown, member: "name" | "message"): string {
  try {
    if (error instanceof Error) return String(error[member]);
    return member === "name" ? "" : String(error);
  } catch {
    return "";
  }
}

function present(values: SpanValues): Attributes {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value == null ? [] : [[name, value]])));
}
