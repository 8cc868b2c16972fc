import { type LineFormat, type LogLine, SERVICE } from "./line.ts";
import { redactFields } from "./redact.ts";

/** Fields of every line; a field of the same name keeps its value under another name. */
const RESERVED: ReadonlySet<string> = new Set(["timestamp", "level", "event", "service", "trace_id", "span_id"]);

/** JSON lines: `level`, `timestamp`, `event`, `service`, the fields redacted, `trace_id` and `span_id`. */
export function jsonFormat(): LineFormat {
  return (line) => `${JSON.stringify(contentOf(line))}\n`;
}

function contentOf({ level, timeMs, event, fields, trace }: LogLine): Record<string, unknown> {
  const content: Record<string, unknown> = {
    level,
    timestamp: new Date(timeMs).toISOString(),
    event,
    service: SERVICE,
  };
  for (const [name, value] of Object.entries(redactFields(fields))) {
    content[RESERVED.has(name) ? `field_${name}` : name] = value;
  }
  if (trace === undefined) return content;
  content.trace_id = trace.traceId;
  content.span_id = trace.spanId;
  return content;
}
