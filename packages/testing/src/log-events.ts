/** One structured log line. */
export interface LogEvent {
  readonly event: string;
  readonly level?: string;
  readonly [field: string]: unknown;
}

/** The log lines of `text` that are JSON objects with an event, in order; anything else is left out. */
export function parseLogEvents(text: string): readonly LogEvent[] {
  return text.split("\n").flatMap((line) => {
    const parsed = parseLine(line);
    return parsed === undefined ? [] : [parsed];
  });
}

/** The lines of `text` that are not structured log events: there should be none. */
export function unstructuredLines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "" && parseLine(line) === undefined);
}

function parseLine(line: string): LogEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isLogEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isLogEvent(value: unknown): value is LogEvent {
  return typeof value === "object" && value !== null && "event" in value && typeof value.event === "string";
}
