import { seededRandom } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import type { CallEntry, HistoryEntry, LogEntry } from "./entries.ts";
import { HistoryQueue, QUEUE_CAPACITY } from "./history-queue.ts";

let made = 0;

function call(caller: string, status: CallEntry["status"] = "success"): CallEntry {
  made += 1;
  const what = { server: "math", subject: "add", origin: "mcp", callerType: "api_key", caller } as const;
  const nothing = { cause: null, message: null, batchId: null, sessionId: null, userId: null, traceId: null };
  return {
    kind: "call",
    timeMs: made,
    callId: `${made}`,
    method: "tools/call",
    status,
    durationMs: 1,
    coldStart: false,
    ...what,
    ...nothing,
  };
}

function line(server: string, stream: LogEntry["stream"] = "stderr"): LogEntry {
  made += 1;
  return { kind: "log", timeMs: made, server, stream, line: `${made}` };
}

function drain(queue: HistoryQueue): readonly HistoryEntry[] {
  const all: HistoryEntry[] = [];
  for (let batch = queue.next(700); batch.length > 0; batch = queue.next(700)) {
    all.push(...batch);
    queue.written();
  }
  return all;
}

describe("a full queue", () => {
  it("drops the latest lines of the server that wrote most, for calls and for lines of others", () => {
    const queue = new HistoryQueue();
    const chatty = Array.from({ length: QUEUE_CAPACITY + 100 }, () => line("chatty"));
    expect(chatty.filter((entry) => !queue.push(entry))).toHaveLength(100);
    const others = [call("alice"), line("quiet"), line("chatty", "gateway"), call("bob", "rejected"), call("alice")];
    for (const entry of others) expect(queue.push(entry)).toBe(false);
    expect(queue.length).toBe(QUEUE_CAPACITY);
    const kept = drain(queue);
    expect(kept).toEqual([...chatty.slice(0, QUEUE_CAPACITY - 5), ...others]);
    expect(queue.length).toBe(0);
  });

  it("drops what comes when everything in it matters", () => {
    const queue = new HistoryQueue();
    for (let each = 0; each < QUEUE_CAPACITY; each++) queue.push(call("alice"));
    for (const entry of [call("bob"), line("math"), call("bob", "rejected")]) expect(queue.push(entry)).toBe(false);
    expect(drain(queue).every((entry) => entry.kind === "call" && entry.caller === "alice")).toBe(true);
  });

  it("keeps what is being written, and writes it again when that failed", () => {
    const queue = new HistoryQueue();
    for (let each = 0; each < QUEUE_CAPACITY; each++) queue.push(line("chatty"));
    const batch = queue.next(2_000);
    expect(batch).toHaveLength(2_000);
    expect(queue.push(call("alice"))).toBe(false);
    expect(queue.next(5)).toBe(batch);
    expect(queue.length).toBe(QUEUE_CAPACITY);
    queue.written();
    expect(queue.length).toBe(QUEUE_CAPACITY - 2_000);
    expect(drain(queue).at(-1)).toMatchObject({ kind: "call" });
  });
});

it("whatever comes, every entry is written in its order or was refused, and calls go only when nothing else is left", () => {
  const random = seededRandom(5);
  const queue = new HistoryQueue();
  const pushed: HistoryEntry[] = [];
  const got: HistoryEntry[] = [];
  let dropped = 0;
  for (let step = 0; step < 200; step++) {
    const burst = random.integer(0, 1_500);
    for (let each = 0; each < burst; each++) {
      const entry = random.pick([
        () => line("chatty"),
        () => line("chatty"),
        () => line("other"),
        () => call("alice", "rejected"),
        () => call("bob"),
      ])();
      pushed.push(entry);
      if (!queue.push(entry)) dropped += 1;
      expect(queue.length).toBeLessThanOrEqual(QUEUE_CAPACITY);
    }
    if (random.chance(0.3)) continue;
    got.push(...queue.next(random.integer(1, 1_000)));
    queue.written();
  }
  got.push(...drain(queue));
  expect(got.length + dropped).toBe(pushed.length);
  expect(dropped).toBeGreaterThan(1_000);
  const times = got.map(({ timeMs }) => timeMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const served = (entries: readonly HistoryEntry[]): number =>
    entries.filter((entry) => entry.kind === "call" && entry.status === "success").length;
  expect(served(got)).toBe(served(pushed));
});
