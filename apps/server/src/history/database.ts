import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { CALL_METHOD, type HistoryEntry } from "./entries.ts";
import type { HistoryOptions } from "./options.ts";
import type { CallQuery, CallRow, LogQuery, LogRow } from "./queries.ts";
import { COLUMNS, charsOf, conditionOf, originOf, TABLES, type Table } from "./row-shares.ts";
import { callRowOf, callValues, INSERT_CALL, INSERT_LOG, logRowOf, logValues } from "./rows.ts";
import { callsLike, logsLike } from "./search.ts";
import { HistoryShares, shareOfEntry } from "./shares.ts";

/** Layout of the file; a file with a higher one was written by a later release. */
const VERSION = 2;
/** Time that another process may hold the file, in ms. */
const BUSY_MS = 5_000;
/** Part of the entries of one origin that is deleted in one step when the file is too large. */
const PRUNED_PART = 10;

const LAYOUT = `
  CREATE TABLE calls (
    id INTEGER PRIMARY KEY, time_ms REAL NOT NULL, call_id TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL,
    status TEXT NOT NULL, cause TEXT, message TEXT, duration_ms REAL NOT NULL, cold_start INTEGER NOT NULL,
    origin TEXT NOT NULL, caller_type TEXT NOT NULL, caller TEXT NOT NULL, batch_id TEXT, session_id TEXT, user_id TEXT,
    trace_id TEXT, method TEXT NOT NULL DEFAULT '${CALL_METHOD}'
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

/** What makes a file of each older layout one of the next, by the layout that it has. Nothing here takes longer for a large file. */
const MIGRATIONS: Readonly<Record<number, string>> = {
  // `tool` holds what other requests than tool calls are about, too.
  1: `ALTER TABLE calls ADD COLUMN method TEXT NOT NULL DEFAULT '${CALL_METHOD}'; PRAGMA user_version = 2;`,
};

/** The file of the history. Everything here is synchronous and may take its time: it runs in a thread of its own. */
export class HistoryDatabase {
  readonly #database: DatabaseSync;
  readonly #limits: Pick<HistoryOptions, "max_age_s" | "max_bytes">;
  readonly #insertCall: StatementSync;
  readonly #insertLog: StatementSync;
  /** Whose the entries are; counted when the file is too large for the first time. */
  #shares: HistoryShares | undefined;

  /** Opens the file, or makes it. Throws when it cannot be, or when it is no history. */
  constructor(file: string, limits: Pick<HistoryOptions, "max_age_s" | "max_bytes">) {
    this.#limits = limits;
    // SQLite would make it readable for everybody.
    closeSync(openSync(file, "a", 0o600));
    this.#database = new DatabaseSync(file, { timeout: BUSY_MS });
    try {
      this.#prepare();
      this.#insertCall = this.#database.prepare(INSERT_CALL);
      this.#insertLog = this.#database.prepare(INSERT_LOG);
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
        if (entry.kind === "log") this.#insertLog.run(...logValues(entry));
        else this.#insertCall.run(...callValues(entry));
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
    if (this.#shares === undefined) return;
    for (const entry of entries) this.#shares.add(shareOfEntry(entry), 1, charsOf(entry));
  }

  /** Calls and other requests, the latest first. */
  calls(query: CallQuery): readonly CallRow[] {
    const { sql, values } = callsLike(query);
    return this.#database
      .prepare(sql)
      .all(...values)
      .map(callRowOf);
  }

  /** Lines of one server, the latest first. */
  logs(query: LogQuery): readonly LogRow[] {
    const { sql, values } = logsLike(query);
    return this.#database
      .prepare(sql)
      .all(...values)
      .map(logRowOf);
  }

  /**
   * Deletes what is too old. Of a file that is too large, the oldest entries go of whoever has the most in it: a talkative server
   * loses lines of its own, and no calls.
   */
  prune(nowMs: number): void {
    const oldestMs = nowMs - this.#limits.max_age_s * 1_000;
    for (const table of TABLES) this.#delete(table, "time_ms < ?", [oldestMs]);
    while (this.usedBytes() > this.#limits.max_bytes && this.#makeRoom()) {
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
    if (version > 0) return this.#migrate(version);
    const { tables } = this.#database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() ?? {};
    if (tables !== 0) throw new Error("it is a database of something else");
    this.#database.exec(`BEGIN IMMEDIATE; ${LAYOUT} COMMIT`);
  }

  #migrate(from: number): void {
    for (let version = from; version < VERSION; version += 1) {
      this.#database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[version] ?? ""} COMMIT`);
    }
  }

  /** Deletes the oldest tenth of the largest share; returns whether there was anything. */
  #makeRoom(): boolean {
    this.#shares ??= this.#count();
    const share = this.#shares.largest();
    if (share === undefined) return false;
    const { where, values, table } = conditionOf(share);
    const oldest = `SELECT id FROM ${table} WHERE ${where} ORDER BY id LIMIT ?`;
    const deleted = this.#delete(table, `id IN (${oldest})`, [...values, Math.ceil(share.rows / PRUNED_PART)]);
    // Somebody else has deleted them.
    if (deleted === 0) this.#shares.forget(share);
    return true;
  }

  #delete(table: Table, where: string, values: readonly SQLInputValue[]): number {
    const { owner, detail, chars, kind } = COLUMNS[table];
    const returning = `${owner} AS owner, ${detail} AS detail, ${chars} AS chars, ${kind} AS kind`;
    const statement = this.#database.prepare(`DELETE FROM ${table} WHERE ${where} RETURNING ${returning}`);
    let deleted = 0;
    for (const row of statement.iterate(...values)) {
      deleted += 1;
      this.#shares?.add(originOf(row), -1, -Number(row.chars));
    }
    return deleted;
  }

  #count(): HistoryShares {
    const shares = new HistoryShares();
    for (const table of TABLES) {
      const { owner, detail, chars, kind } = COLUMNS[table];
      const columns = `${owner} AS owner, ${detail} AS detail, ${kind} AS kind`;
      const sql = `SELECT ${columns}, count(*) AS rows, sum(${chars}) AS chars FROM ${table} GROUP BY 1, 2, 3`;
      for (const row of this.#database.prepare(sql).iterate()) {
        shares.add(originOf(row), Number(row.rows), Number(row.chars));
      }
    }
    return shares;
  }

  #pragma(name: "user_version" | "page_count" | "freelist_count" | "page_size"): number {
    return Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  }
}
