import { type Clock, DeliveryQueue, type SendOutcome } from "@mcp-hangar/delivery";
import { SpooledQueue } from "@mcp-hangar/delivery/spool";
import { registeredName } from "@mcp-hangar/telemetry";

/** The clock of this process. Inside a gateway, take the clock of `@mcp-hangar/core`. */
const clock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  defer: (callback) => void setImmediate(callback),
};

/** Posts a batch as JSON lines. What went wrong is a value: the queue does the rest. */
async function post(url: string, lines: readonly string[], signal: AbortSignal): Promise<SendOutcome> {
  let response: Response;
  try {
    response = await fetch(url, { method: "POST", body: lines.join("\n"), signal });
    await response.body?.cancel();
  } catch (error) {
    return { kind: "retry", reason: "connection", message: String(error) };
  }
  const message = `HTTP ${response.status}`;
  if (response.ok) return { kind: "delivered" };
  if (response.status === 429 || response.status >= 500) return { kind: "retry", reason: "rejected", message };
  return { kind: "rejected", message };
}

/** A queue that may lose records, and counts those it loses. */
export function lineQueue(url: string): DeliveryQueue<string> {
  return new DeliveryQueue<string>({
    exporter: registeredName("lines"),
    signal: "log",
    send: (lines, signal) => post(url, lines, signal),
    sizeOf: (line) => line.length,
    limits: { recordsMax: 10_000, bytesMax: 10_000_000 },
    batch: { recordsMax: 500, bytesMax: 1_000_000, delayMs: 100 },
    attemptTimeoutMs: 10_000,
    retry: { baseMs: 500, maxMs: 30_000, elapsedMaxMs: 600_000 },
    clock,
    random: Math.random,
  });
}

/** A queue whose records wait on the disk, and survive the end of the process. */
export async function spooledLines(url: string, folder: string): Promise<SpooledQueue<string>> {
  const queue = new SpooledQueue<string>({
    exporter: registeredName("lines"),
    signal: "log",
    send: (payloads, signal) => post(url, payloads.map(String), signal),
    encode: (line) => Buffer.from(line),
    sizeOf: (line) => line.length,
    spool: { folder, segmentBytesMax: 16_000_000, bytesMax: 256_000_000, whenFull: "drop_oldest" },
    memory: { recordsMax: 10_000, bytesMax: 10_000_000 },
    batch: { recordsMax: 500, bytesMax: 1_000_000, delayMs: 100 },
    attemptTimeoutMs: 10_000,
    retry: { baseMs: 500, maxMs: 30_000 },
    clock,
    random: Math.random,
  });
  await queue.open();
  return queue;
}
