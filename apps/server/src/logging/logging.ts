import { openSync } from "node:fs";
import type { Clock } from "@mcp-hangar/core";
import { callFacts, type Exporter, type ExporterHealth, type ExporterSnapshot } from "@mcp-hangar/telemetry";
import type { LoggingOptions, LogLevel } from "../config/schema.ts";
import type { RecordedEvent } from "../noise/recorded-event.ts";
import { callLevel } from "./call-line.ts";
import { eventLine } from "./event-line.ts";
import { humanFormat } from "./human-format.ts";
import { jsonFormat } from "./json-format.ts";
import { isEnabled, type LogEntry } from "./line.ts";
import { LineOutput } from "./line-output.ts";
import { LogQueue, type LogSink } from "./log-queue.ts";

type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Structured logging: an event name and fields. Secrets in the fields are hidden before they are written. */
export type Logger = Readonly<Record<LogLevel, Log>>;

/** The log of a process, with what its owner needs to run and to end it. */
export interface Logging extends Exporter {
  readonly logger: Logger;
  /** Listens on the telemetry bus and makes a line of every event. */
  readonly listener: (event: RecordedEvent) => void;
  readonly snapshot: () => ExporterSnapshot;
  readonly health: () => ExporterHealth;
  readonly close: (deadlineMs: number) => Promise<void>;
  /** Hands everything that is written from now on to another one as well, which must not throw. */
  readonly copyTo: (take: (entry: LogEntry) => void) => void;
  /** Changes the level below which lines are not written. */
  readonly setLevel: (least: LogLevel) => void;
  /** Opens the log file anew, after somebody has moved it away. Throws when it cannot be; the old one is kept then. */
  readonly reopen: () => void;
  /** Writes what waits at once: for a process that is about to end. */
  readonly flushNow: () => void;
}

export interface LoggingEnvironment {
  readonly clock: Clock;
  /** File descriptor of the lines: 2, stderr, save in tests. */
  readonly fd: number;
  /** Whether a person reads `fd`: decides the format when the configuration does not. */
  readonly terminal: boolean;
  readonly colours: boolean;
}

/** Sets logging up. Throws when the log file cannot be opened: a log that was asked for is not left out silently. */
export function createLogging(options: LoggingOptions, environment: LoggingEnvironment): Logging {
  const { clock, fd, terminal, colours } = environment;
  const human = (options.json_format ?? !terminal) ? undefined : humanFormat(colours);
  const sinks: LogSink[] = [{ output: new LineOutput(fd, clock), human }];
  const { file: path } = options;
  const file = path === undefined ? undefined : new LineOutput(openLogFile(path), clock);
  if (file !== undefined) sinks.push({ output: file, human: undefined });
  let least = options.level;
  const queue = new LogQueue(jsonFormat(), sinks, clock);
  let copy: ((entry: LogEntry) => void) | undefined;
  const push = (entry: LogEntry): void => {
    queue.push(entry);
    copy?.(entry);
  };
  const log =
    (level: LogLevel): Log =>
    (event, fields = {}) => {
      if (!isEnabled(level, least)) return;
      push({ kind: "line", timeMs: clock.wallMs(), level, event, fields, trace: undefined });
    };
  return {
    name: "log",
    signal: "log",
    logger: {
      debug: log("debug"),
      info: log("info"),
      warning: log("warning"),
      error: log("error"),
      critical: log("critical"),
    },
    listener: listenerOf(push, () => least),
    snapshot: () => queue.snapshot(),
    health: () => healthOf(queue.snapshot()),
    copyTo: (take) => {
      copy = take;
    },
    setLevel: (level) => {
      least = level;
    },
    reopen: () => {
      if (path !== undefined) file?.reopen(openLogFile(path));
    },
    close: (deadlineMs) => queue.close(deadlineMs),
    flushNow: () => queue.flushNow(),
  };
}

function listenerOf(push: (entry: LogEntry) => void, least: () => LogLevel): (event: RecordedEvent) => void {
  return (event) => {
    if (event.type === "call.finished") {
      if (isEnabled(callLevel(event.outcome.status), least())) push(callFacts(event));
      return;
    }
    const line = eventLine(event);
    if (isEnabled(line.level, least())) push(line);
  };
}

/** A log that loses lines is a gateway that works but cannot be watched. */
function healthOf({ queueSize, queueCapacity, dropped }: ExporterSnapshot): ExporterHealth {
  if (queueSize >= queueCapacity) {
    const message = `the log queue is full (${queueSize}): nobody reads stderr or logging.file`;
    return { status: "degraded", message };
  }
  if ((dropped.rejected ?? 0) === 0) return { status: "healthy" };
  return { status: "degraded", message: `${dropped.rejected} lines could not be written: stderr is closed` };
}

function openLogFile(file: string): number {
  try {
    return openSync(file, "a", 0o600);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`logging.file: ${file} cannot be opened for appending: ${message}`, { cause });
  }
}
