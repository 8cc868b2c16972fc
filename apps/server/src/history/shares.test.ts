import { describe, expect, it } from "vitest";
import type { CallEntry, HistoryEntry, LogEntry } from "./entries.ts";
import { talkativeOrigin } from "./shares.ts";

function call(caller: string, status: CallEntry["status"], kind: CallEntry["kind"] = "call"): HistoryEntry {
  const what = {
    method: "tools/call",
    server: "math",
    subject: "add",
    origin: "mcp",
    callerType: "api_key",
    caller,
  } as const;
  const nothing = { cause: null, message: null, batchId: null, sessionId: null, userId: null, traceId: null };
  return { kind, timeMs: 0, callId: "1", status, durationMs: 1, coldStart: false, ...what, ...nothing };
}

const line = (server: string, stream: LogEntry["stream"]): HistoryEntry => ({
  kind: "log",
  timeMs: 0,
  server,
  stream,
  line: "x",
});

describe("who makes room in the history", () => {
  it.each<readonly [string, HistoryEntry]>([
    ["a call that was made", call("alice", "success")],
    ["a call that failed", call("alice", "error")],
    ["what became of a server", line("math", "gateway")],
  ])("%s does not", (_what, entry) => {
    expect(talkativeOrigin(entry)).toBeUndefined();
  });

  it("refused calls, other requests and lines of stderr do, each for its own caller or server", () => {
    const talk = [
      call("alice", "rejected"),
      call("bob", "rejected"),
      call("alice", "success", "request"),
      call("bob", "success", "request"),
      line("alice", "stderr"),
      line("bob", "stderr"),
    ];
    expect(new Set(talk.map(talkativeOrigin)).size).toBe(talk.length);
    expect(talk.map(talkativeOrigin)).not.toContain(undefined);
    expect(talkativeOrigin(call("alice", "rejected"))).toBe(talkativeOrigin(call("alice", "rejected")));
  });
});
