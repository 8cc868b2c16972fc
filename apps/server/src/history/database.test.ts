import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HistoryDatabase } from "./database.ts";
import type { CallEntry, LogEntry } from "./entries.ts";

const LIMITS = { max_age_s: 3_600, max_bytes: 1_048_576 };
const NOW_MS = Date.UTC(2026, 0, 31, 8);

/** The layout of the file as the first release made it. */
const FIRST_LAYOUT = `
  CREATE TABLE calls (
    id INTEGER PRIMARY KEY, time_ms REAL NOT NULL, call_id TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL,
    status TEXT NOT NULL, cause TEXT, message TEXT, duration_ms REAL NOT NULL, cold_start INTEGER NOT NULL,
    origin TEXT NOT NULL, caller_type TEXT NOT NULL, caller TEXT NOT NULL, batch_id TEXT, session_id TEXT, user_id TEXT,
    trace_id TEXT
  ) STRICT;
  CREATE INDEX calls_of_server ON calls (server, id);
  CREATE INDEX calls_by_time ON calls (time_ms);
  CREATE TABLE logs (
    id INTEGER PRIMARY KEY, time_ms REAL NOT NULL, server TEXT NOT NULL, stream TEXT NOT NULL, line TEXT NOT NULL
  ) STRICT;
  CREATE INDEX logs_of_server ON logs (server, id);
  CREATE INDEX logs_by_time ON logs (time_ms);
  PRAGMA user_version = 1;
`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-history-"));
  file = join(folder, "history.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function call(overrides: Partial<CallEntry> = {}): CallEntry {
  return {
    kind: "call",
    timeMs: NOW_MS,
    callId: "call-1",
    method: "tools/call",
    server: "math",
    subject: "add",
    status: "success",
    cause: null,
    message: null,
    durationMs: 1.5,
    coldStart: true,
    origin: "mcp",
    callerType: "api_key",
    caller: "robot",
    batchId: null,
    sessionId: null,
    userId: "u-1",
    traceId: null,
    ...overrides,
  };
}

function request(overrides: Partial<CallEntry> = {}): CallEntry {
  return call({ kind: "request", callId: "request-1", method: "resources/read", subject: "file:///add", ...overrides });
}

function log(line: string, overrides: Partial<LogEntry> = {}): LogEntry {
  return { kind: "log", timeMs: NOW_MS, server: "math", stream: "stderr", line, ...overrides };
}

function open(): HistoryDatabase {
  return new HistoryDatabase(file, LIMITS);
}

describe("the file of the history", () => {
  it("gives back what was written, after it was closed too", () => {
    const first = open();
    first.write([call(), log("hello")]);
    first.close();
    const second = open();
    expect(second.calls({ limit: 10 })).toEqual([
      {
        id: 1,
        time: "2026-01-31T08:00:00.000Z",
        kind: "call",
        call_id: "call-1",
        method: "tools/call",
        server: "math",
        tool: "add",
        subject: null,
        status: "success",
        cause: null,
        message: null,
        duration_ms: 1.5,
        cold_start: true,
        origin: "mcp",
        caller_type: "api_key",
        caller: "robot",
        batch_id: null,
        session_id: null,
        user_id: "u-1",
        trace_id: null,
      },
    ]);
    expect(second.logs({ server: "math", limit: 10 })).toEqual([
      { id: 1, time: "2026-01-31T08:00:00.000Z", stream: "stderr", line: "hello" },
    ]);
    second.close();
  });

  it("is for its owner alone", () => {
    open().close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("is searched by server, tool, ending, caller and time, page by page", () => {
    const database = open();
    database.write([
      call({ callId: "a" }),
      call({ callId: "b", server: "words" }),
      call({ callId: "c", subject: "subtract", status: "error", cause: "timeout" }),
      call({ callId: "d", caller: "somebody", timeMs: NOW_MS + 1_000 }),
    ]);
    const ids = (query: Parameters<HistoryDatabase["calls"]>[0]): readonly string[] =>
      database.calls(query).map(({ call_id: id }) => id);
    expect(ids({ limit: 10 })).toEqual(["d", "c", "b", "a"]);
    expect(ids({ limit: 10, server: "words" })).toEqual(["b"]);
    expect(ids({ limit: 10, tool: "subtract" })).toEqual(["c"]);
    expect(ids({ limit: 10, status: "error" })).toEqual(["c"]);
    expect(ids({ limit: 10, caller: "somebody" })).toEqual(["d"]);
    expect(ids({ limit: 10, since: "2026-01-31T08:00:01Z" })).toEqual(["d"]);
    expect(ids({ limit: 2, before: 4 })).toEqual(["c", "b"]);
    expect(ids({ limit: 10, server: "' OR 1=1 --" })).toEqual([]);
    database.close();
  });

  it("tells calls from other requests, which may be for no single server and about nothing", () => {
    const database = open();
    database.write([
      call(),
      request(),
      request({ callId: "list", method: "tools/list", server: "", subject: "" }),
      request({ callId: "same name", method: "prompts/get", subject: "add" }),
    ]);
    const found = (query: Partial<Parameters<HistoryDatabase["calls"]>[0]>): readonly unknown[] =>
      database.calls({ limit: 10, ...query }).map(({ kind, method, server, tool, subject }) => {
        return [kind, method, server, tool, subject];
      });
    const rows = [
      ["request", "prompts/get", "math", null, "add"],
      ["request", "tools/list", null, null, null],
      ["request", "resources/read", "math", null, "file:///add"],
      ["call", "tools/call", "math", "add", null],
    ];
    expect(found({})).toEqual(rows);
    expect(found({ kind: "call" })).toEqual(rows.slice(3));
    expect(found({ kind: "request" })).toEqual(rows.slice(0, 3));
    expect(found({ method: "resources/read" })).toEqual([rows[2]]);
    expect(found({ method: "tools/call", kind: "request" })).toEqual([]);
    // The prompt of that name is no tool.
    expect(found({ tool: "add" })).toEqual(rows.slice(3));
    expect(found({ server: "math" })).toHaveLength(3);
    database.close();
  });

  it("of the first layout becomes one of this layout, with its calls as they were", () => {
    const first = new DatabaseSync(file);
    first.exec(`PRAGMA auto_vacuum = INCREMENTAL; ${FIRST_LAYOUT}
      INSERT INTO calls (time_ms, call_id, server, tool, status, duration_ms, cold_start, origin, caller_type, caller)
      VALUES (${NOW_MS}, 'old', 'math', 'add', 'success', 1, 0, 'mcp', 'api_key', 'robot');
      INSERT INTO logs (time_ms, server, stream, line) VALUES (${NOW_MS}, 'math', 'stderr', 'old line');`);
    first.close();
    for (let opening = 1; opening <= 2; opening += 1) {
      const database = open();
      database.write([request({ callId: `new ${opening}` })]);
      database.prune(NOW_MS);
      const [newest] = database.calls({ limit: 1 });
      expect(newest).toMatchObject({ kind: "request", method: "resources/read", call_id: `new ${opening}` });
      expect(database.calls({ limit: 10, kind: "call" })).toMatchObject([
        { kind: "call", method: "tools/call", call_id: "old", tool: "add", subject: null, caller: "robot" },
      ]);
      expect(database.logs({ server: "math", limit: 10 })).toHaveLength(1);
      database.close();
    }
  });

  it("makes room with requests of a caller that are many, before calls of the same caller go", () => {
    const database = open();
    database.write(Array.from({ length: 300 }, (_each, index) => call({ callId: `call ${index}` })));
    const message = "m".repeat(1_000);
    for (let batch = 0; batch < 5; batch += 1) {
      database.write(Array.from({ length: 400 }, () => request({ status: "error", message })));
      database.prune(NOW_MS);
    }
    expect(database.usedBytes()).toBeLessThanOrEqual(LIMITS.max_bytes);
    expect(database.calls({ limit: 1_000, kind: "call" })).toHaveLength(300);
    expect(database.calls({ limit: 1_000, kind: "request" }).length).toBeGreaterThan(0);
    database.close();
  });

  it("writes all entries or none", () => {
    const database = open();
    const broken = { ...call(), status: null } as unknown as CallEntry;
    expect(() => database.write([call(), broken])).toThrow(/NOT NULL/);
    expect(database.calls({ limit: 10 })).toEqual([]);
    database.write([call()]);
    expect(database.calls({ limit: 10 })).toHaveLength(1);
    database.close();
  });

  it("forgets what is too old", () => {
    const database = open();
    database.write([
      call({ callId: "old", timeMs: NOW_MS - 3_600_001 }),
      call(),
      log("old", { timeMs: 0 }),
      log("new"),
    ]);
    database.prune(NOW_MS);
    expect(database.calls({ limit: 10 }).map(({ call_id: id }) => id)).toEqual(["call-1"]);
    expect(database.logs({ server: "math", limit: 10 }).map(({ line }) => line)).toEqual(["new"]);
    database.close();
  });

  it("forgets the oldest when it is too large, and gives the room back", () => {
    const database = open();
    for (let batch = 0; batch < 20; batch += 1) {
      database.write(Array.from({ length: 200 }, (_each, index) => log(`${batch * 200 + index} ${"x".repeat(1_000)}`)));
    }
    expect(database.usedBytes()).toBeGreaterThan(4 * LIMITS.max_bytes);
    database.prune(NOW_MS);
    expect(database.usedBytes()).toBeLessThanOrEqual(LIMITS.max_bytes);
    const [latest] = database.logs({ server: "math", limit: 1 });
    expect(latest?.line).toMatch(/^3999 /);
    database.close();
    expect(statSync(file).size).toBeLessThan(2 * LIMITS.max_bytes);
  });

  it("takes room from whoever has the most in it: calls and quiet servers lose nothing to a talkative one", () => {
    let database = open();
    const calls = Array.from({ length: 500 }, (_each, index) => call({ callId: `call-${index}` }));
    database.write([...calls, log("a quiet line", { server: "words" }), log("started", { stream: "gateway" })]);
    for (let round = 0; round < 4; round += 1) {
      for (let batch = 0; batch < 5; batch += 1) {
        database.write(Array.from({ length: 300 }, () => log(`chatter of round ${round} ${"x".repeat(1_000)}`)));
      }
      database.prune(NOW_MS);
      expect(database.usedBytes()).toBeLessThanOrEqual(LIMITS.max_bytes);
      // Whether the shares are counted from the file or kept since makes no difference.
      if (round % 2 === 1) {
        database.close();
        database = open();
      }
    }
    expect(database.calls({ limit: 1_000 })).toHaveLength(500);
    expect(database.logs({ server: "words", limit: 10 }).map(({ line }) => line)).toEqual(["a quiet line"]);
    expect(database.logs({ server: "math", stream: "gateway", limit: 10 })).toHaveLength(1);
    const chatter = database.logs({ server: "math", stream: "stderr", limit: 1_000 });
    expect(chatter.length).toBeGreaterThan(100);
    expect(chatter[0]?.line).toMatch(/^chatter of round 3/);
    database.close();
  });

  it("takes room from refused calls before calls that were made, and from the caller with the most of them", () => {
    const database = open();
    database.write(Array.from({ length: 300 }, () => call({ caller: "modest" })));
    database.write(Array.from({ length: 50 }, () => call({ caller: "modest", status: "rejected" })));
    for (let batch = 0; batch < 40; batch += 1) {
      const rejected = call({ caller: "greedy", status: "rejected", cause: "rate_limited", message: "x".repeat(500) });
      database.write(Array.from({ length: 200 }, () => rejected));
      database.write([call({ caller: "greedy" })]);
      database.prune(NOW_MS);
    }
    const count = (caller: string, status: CallEntry["status"]): number =>
      database.calls({ caller, status, limit: 10_000 }).length;
    expect(database.usedBytes()).toBeLessThanOrEqual(LIMITS.max_bytes);
    expect([count("modest", "success"), count("greedy", "success"), count("modest", "rejected")]).toEqual([
      300, 40, 50,
    ]);
    expect(count("greedy", "rejected")).toBeGreaterThan(100);
    database.close();
  });

  it("refuses files that are something else, and says so", () => {
    writeFileSync(file, "this is no database, it is a text that somebody needs".repeat(100));
    expect(open).toThrow(/not a database/);
    rmSync(file);
    const other = new DatabaseSync(file);
    other.exec("CREATE TABLE treasure (gold INTEGER)");
    other.close();
    expect(open).toThrow("it is a database of something else");
    rmSync(file);
    const later = new DatabaseSync(file);
    later.exec("PRAGMA user_version = 99");
    later.close();
    expect(open).toThrow(/written by a later release \(layout 99/);
  });

  it("refuses a folder that does not exist or cannot be written", () => {
    expect(() => new HistoryDatabase(join(folder, "nowhere", "history.db"), LIMITS)).toThrow(/ENOENT/);
    chmodSync(folder, 0o500);
    // root may write anywhere.
    if (process.getuid?.() !== 0) expect(open).toThrow(/EACCES/);
    chmodSync(folder, 0o700);
  });
});
