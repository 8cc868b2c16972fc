import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { CallEntry, HistoryEntry, LogEntry } from "./entries.ts";
import type { HistoryOptions } from "./options.ts";
import type { CallQuery, CallRow, LogQuery, LogRow } from "./queries.ts";

/** Layout of the file; a file with a higher one was written by a later release. */
const VERSION = 1;
/** Time that another process may hold the file, in ms. */
const BUSY_MS = 5_000;
/** Part of the entries of a table that is deleted in one step when the file is too large. */
const PRUNED_PART = 10;

const LAYOUT = `
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
  PRAGMA user_version = ${VERSION};
`;

/** The file of the history. Everything here is synchronous and may take its time: it runs in a thread of its own. */
export class HistoryDatabase {
  readonly #database: DatabaseSync;
  readonly #limits: Pick<HistoryOptions, "max_age_s" | "max_bytes">;
  readonly #insertCall: StatementSync;
  readonly #insertLog: StatementSync;

  /** Opens the file, or makes it. Throws when it cannot be, or when it is no history. */
  constructor(file: string, limits: Pick<HistoryOptions, "max_age_s" | "max_bytes">) {
    this.#limits = limits;
    // SQLite would make it readable for everybody.
    closeSync(openSync(file, "a", 0o600));
    this.#database = new DatabaseSync(file, { timeout: BUSY_MS });
    try {
      this.#prepare();
      this.#insertCall = this.#database.prepare(
        `INSERT INTO calls (time_ms, call_id, server, tool, status, cause, message, duration_ms, cold_start, origin,
         caller_type, caller, batch_id, session_id, user_id, trace_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.#insertLog = this.#database.prepare("INSERT INTO logs (time_ms, server, stream, line) VALUES (?, ?, ?, ?)");
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Keeps all entries, or none when it throws. */
  write(entries: readonly HistoryEntry[]): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const entry of entries) {
        if (entry.kind === "call") this.#insertCall.run(...callValues(entry));
        else this.#insertLog.run(...logValues(entry));
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Calls, the latest first. */
  calls({ server, tool, status, caller, since, before, limit }: CallQuery): readonly CallRow[] {
    const { where, values } = conditions({ server, tool, status, caller }, since, before);
    const rows = this.#database.prepare(`SELECT * FROM calls ${where} ORDER BY id DESC LIMIT ?`).all(...values, limit);
    return rows.map(({ time_ms: timeMs, cold_start: coldStart, ...row }) => ({
      // The columns are what `write` put there.
      ...(row as Omit<CallRow, "time" | "cold_start">),
      time: isoTime(timeMs),
      cold_start: coldStart === 1,
    }));
  }

  /** Lines of one server, the latest first. */
  logs({ server, stream, since, before, limit }: LogQuery): readonly LogRow[] {
    const { where, values } = conditions({ server, stream }, since, before);
    const sql = `SELECT id, time_ms, stream, line FROM logs ${where} ORDER BY id DESC LIMIT ?`;
    return this.#database
      .prepare(sql)
      .all(...values, limit)
      .map(({ time_ms: timeMs, ...row }) => ({ ...(row as Omit<LogRow, "time">), time: isoTime(timeMs) }));
  }

  /** Deletes what is too old, and the oldest entries of a file that is too large. */
  prune(nowMs: number): void {
    const oldestMs = nowMs - this.#limits.max_age_s * 1_000;
    for (const table of TABLES) this.#database.prepare(`DELETE FROM ${table} WHERE time_ms < ?`).run(oldestMs);
    while (this.usedBytes() > this.#limits.max_bytes && this.#deleteOldest()) {
      // Until it fits, or nothing is left to delete.
    }
    this.#database.exec("PRAGMA incremental_vacuum");
  }

  /** Bytes of the file that hold something. */
  usedBytes(): number {
    return (this.#pragma("page_count") - this.#pragma("freelist_count")) * this.#pragma("page_size");
  }

  close(): void {
    this.#database.close();
  }

  #prepare(): void {
    const version = this.#pragma("user_version");
    if (version > VERSION)
      throw new Error(`it was written by a later release (layout ${version}, known is ${VERSION})`);
    // Freed pages go back to the file system; this must be set before there are tables.
    if (version === 0) this.#database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216");
    if (version > 0) return;
    const { tables } = this.#database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() ?? {};
    if (tables !== 0) throw new Error("it is a database of something else");
    this.#database.exec(`BEGIN IMMEDIATE; ${LAYOUT} COMMIT`);
  }

  /** Deletes the oldest tenth of each table; returns whether there was anything. */
  #deleteOldest(): boolean {
    let deleted = 0;
    for (const table of TABLES) {
      const { oldest, latest } =
        this.#database.prepare(`SELECT min(id) AS oldest, max(id) AS latest FROM ${table}`).get() ?? {};
      if (typeof oldest !== "number" || typeof latest !== "number") continue;
      const upTo = oldest + Math.floor((latest - oldest) / PRUNED_PART);
      deleted += Number(this.#database.prepare(`DELETE FROM ${table} WHERE id <= ?`).run(upTo).changes);
    }
    return deleted > 0;
  }

  #pragma(name: "user_version" | "page_count" | "freelist_count" | "page_size"): number {
    return Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  }
}

const TABLES = ["calls", "logs"] as const;

function callValues(call: CallEntry): SQLInputValue[] {
  return [
    call.timeMs,
    call.callId,
    call.server,
    call.tool,
    call.status,
    call.cause,
    call.message,
    call.durationMs,
    Number(call.coldStart),
    call.origin,
    call.callerType,
    call.caller,
    call.batchId,
    call.sessionId,
    call.userId,
    call.traceId,
  ];
}

function logValues({ timeMs, server, stream, line }: LogEntry): SQLInputValue[] {
  return [timeMs, server, stream, line];
}

/** Column names are ours; whatever comes from callers is a value. */
function conditions(
  equal: Readonly<Record<string, string | undefined>>,
  since: string | undefined,
  before: number | undefined,
): { readonly where: string; readonly values: SQLInputValue[] } {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  for (const [column, value] of Object.entries(equal)) {
    if (value === undefined) continue;
    parts.push(`${column} = ?`);
    values.push(value);
  }
  if (since !== undefined) {
    parts.push("time_ms >= ?");
    values.push(Date.parse(since));
  }
  if (before !== undefined) {
    parts.push("id < ?");
    values.push(before);
  }
  return { where: parts.length === 0 ? "" : `WHERE ${parts.join(" AND ")}`, values };
}

function isoTime(timeMs: unknown): string {
  return new Date(Number(timeMs)).toISOString();
}
