import { pino } from "pino";
import { LEVEL_VALUES, type LineFormat, type LogLine, SERVICE } from "./line.ts";
import { redactFields } from "./redact.ts";

/** Fields of every line; a field of the same name keeps its value under another name. */
const RESERVED: ReadonlySet<string> = new Set(["timestamp", "level", "event", "service", "trace_id", "span_id"]);

/** JSON lines: `timestamp`, `level`, `event`, `service`, the fields redacted, `trace_id` and `span_id`. */
export function jsonFormat(): LineFormat {
  let timeMs = 0;
  let text = "";
  const logger = pino(
    {
      base: null,
      level: "debug",
      customLevels: LEVEL_VALUES,
      useOnlyCustomLevels: true,
      timestamp: () => `,"timestamp":"${new Date(timeMs).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    // Lines are formatted when the queue is flushed, so what pino writes is only picked up here.
    {
      write(line: string): void {
        text = line;
      },
    },
  );
  return (line) => {
    timeMs = line.timeMs;
    logger[line.level](contentOf(line));
    return text;
  };
}

function contentOf({ event, fields, trace }: LogLine): Record<string, unknown> {
  const content: Record<string, unknown> = { event, service: SERVICE };
  for (const [name, value] of Object.entries(redactFields(fields))) {
    content[RESERVED.has(name) ? `field_${name}` : name] = value;
  }
  return trace === undefined ? content : { ...content, trace_id: trace.traceId, span_id: trace.spanId };
}
