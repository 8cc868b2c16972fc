import { type Clock, DeliveryQueue, type SendOutcome } from "@mcp-hangar/delivery";
import { Spool } from "@mcp-hangar/delivery/spool";
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

/** A spool whose records survive the end of the process. */
export async function openSpool(folder: string): Promise<Spool> {
  const opening = await Spool.open({
    folder,
    consumers: ["lines"],
    segmentBytesMax: 16_000_000,
    bytesMax: 256_000_000,
    whenFull: "drop_oldest",
  });
  if (opening.kind === "failed") throw new Error(opening.message);
  return opening.spool;
}

/** Posts what is in the spool, in its order, until the spool closes or something goes wrong. */
export async function postSpool(spool: Spool, url: string, signal: AbortSignal): Promise<void> {
  const cursor = spool.cursor("lines");
  while (await spool.readable("lines")) {
    const result = await cursor.read({ recordsMax: 500, bytesMax: 1_000_000 });
    if (result.kind === "failed") throw new Error(result.message);
    const lines = result.items.map((item) =>
      item.kind === "record" ? item.payload.toString() : `records ${item.from} to ${item.to} are lost`,
    );
    const outcome = await post(url, lines, signal);
    if (outcome.kind !== "delivered") throw new Error(outcome.message);
    // Without this they are posted again after a crash.
    const last = result.items.at(-1);
    if (last !== undefined) await cursor.commit(last.kind === "record" ? last.sequence : last.to);
  }
}
