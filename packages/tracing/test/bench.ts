import type { Clock } from "@mcp-hangar/delivery";
import {
  type Attempt,
  type CallFinished,
  type ExporterSnapshot,
  LIBRARY_CLIENT,
  registeredName,
} from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { TraceExporter, type TraceExporterOptions } from "../src/index.ts";

/** The clock of the machine. */
const realClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
  defer: (callback) => void setImmediate(callback),
};

/** An exporter that sends soon, and what it had to say of itself. */
export async function startExporter(
  options: Partial<TraceExporterOptions>,
): Promise<{ readonly exporter: TraceExporter; readonly diagnostics: string[] }> {
  const diagnostics: string[] = [];
  const exporter = await TraceExporter.create({
    keep: { errors: true, slowMs: undefined },
    payload: { captureArguments: false, captureResults: false, captureCharsMax: 1_000, argsHashKey: undefined },
    mayHaveBaggage: () => false,
    clock: realClock,
    random: Math.random,
    onDiagnostic: (level, message) => diagnostics.push(`${level}: ${message}`),
    ...options,
    env: { OTEL_BSP_SCHEDULE_DELAY: "10", ...options.env },
  });
  return { exporter, diagnostics };
}

const samples = sampleEvents().filter((event) => event.type === "call.finished");
const success = sample(({ outcome }) => outcome.status === "success");
export const failure: CallFinished = sample(({ outcome }) => outcome.status === "error");

/** Makes a call, of which none of its attempts is seen unless they are given: one span. Returns the trace. */
export function makeCall(
  { tracer }: TraceExporter,
  event: CallFinished = success,
  traceparent?: string,
  attempts: readonly Attempt[] = [],
): string {
  const span = tracer.startCall({
    server: "math",
    tool: "add",
    method: "tools/call",
    origin: "mcp",
    caller: { type: "local", id: registeredName("local"), roles: [], credential: "local" },
    client: LIBRARY_CLIENT,
    batchId: undefined,
    parent: { traceparent },
    link: undefined,
  });
  for (const attempt of attempts) span.startAttempt(attempt.server).end(attempt);
  span.end(event);
  return span.trace?.traceId ?? "";
}

/** All that were ever accepted, as far as the accounts know. */
export function accountedFor({ delivered, dropped, queueSize }: ExporterSnapshot): number {
  return delivered + queueSize + total(dropped);
}

/** The sum of counts by reason. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, each) => sum + each, 0);
}

function sample(isIt: (event: CallFinished) => boolean): CallFinished {
  const found = samples.find(isIt);
  if (found === undefined) throw new Error("the samples have calls of every kind");
  return found;
}
