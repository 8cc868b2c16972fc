import type { SQLInputValue } from "node:sqlite";
import { CALL_METHOD, TASK_METHOD } from "./entries.ts";
import type { CallQuery, CallRow, LogQuery } from "./queries.ts";

/** A statement with the values of its parameters. */
interface Search {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Whether a row of `calls` is about a tool. */
export const OF_TOOL = `method IN ('${CALL_METHOD}', '${TASK_METHOD}')`;
const OF_KIND: Readonly<Record<CallRow["kind"], string>> = {
  call: `method = '${CALL_METHOD}'`,
  task: `method = '${TASK_METHOD}'`,
  request: `NOT ${OF_TOOL}`,
};

/** Finds calls and other requests, the latest first. */
export function callsLike({ kind, method, server, tool, status, caller, since, before, limit }: CallQuery): Search {
  const { where, values } = conditions({ method, server, tool, status, caller }, since, before);
  // What a tool is called may be the subject of another request.
  const wanted = kind === undefined || (tool !== undefined && kind === "request") ? undefined : kind;
  const ofKind = wanted === undefined ? (tool === undefined ? [] : [OF_TOOL]) : [OF_KIND[wanted]];
  const sql = `SELECT * FROM calls ${whereOf([...where, ...ofKind])} ORDER BY id DESC LIMIT ?`;
  return { sql, values: [...values, limit] };
}

/** Finds lines of one server, the latest first. */
export function logsLike({ server, stream, since, before, limit }: LogQuery): Search {
  const { where, values } = conditions({ server, stream }, since, before);
  const sql = `SELECT id, time_ms, stream, line FROM logs ${whereOf(where)} ORDER BY id DESC LIMIT ?`;
  return { sql, values: [...values, limit] };
}

/** Column names are ours; whatever comes from callers is a value. */
function conditions(
  equal: Readonly<Record<string, string | undefined>>,
  since: string | undefined,
  before: number | undefined,
): { readonly where: readonly string[]; readonly values: SQLInputValue[] } {
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
  return { where: parts, values };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}
