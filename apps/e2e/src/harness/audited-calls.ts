import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { JournalRecord } from "./journal.ts";
import { modernRequest, type RpcMessage } from "./wire-client.ts";

/** Calls of one client, one after the other, and what became of them. */
export class AuditedCalls {
  /** Trace ids of the calls that were answered with a result. */
  readonly answered: string[] = [];
  readonly refused: NonNullable<RpcMessage["error"]>[] = [];
  readonly server: string;
  readonly #url: string;

  constructor(url: string, server: string) {
    this.#url = url;
    this.server = server;
  }

  /** Calls the tool `ok` once; rejects when the connection ends before the answer. True when it was answered with a result. */
  async call(): Promise<boolean> {
    const trace = randomBytes(16).toString("hex");
    const headers = { traceparent: `00-${trace}-${randomBytes(8).toString("hex")}-01` };
    const params = { name: "ok", arguments: {} };
    const { message } = await modernRequest(`${this.#url}/servers/${this.server}/mcp`, "tools/call", params, {
      headers,
    });
    if (message.error !== undefined) this.refused.push(message.error);
    else this.answered.push(trace);
    return message.error === undefined;
  }
}

/** How many calls a server of the fixture `telling` was given, by what it has written down itself. */
export function callsSeen(record: string): number {
  return readFileSync(record, "utf8")
    .split("\n")
    .filter((line) => line.includes('"method":"tools/call"')).length;
}

/** Nothing was sent to a server without an intent, and nothing was answered without an outcome. */
export function expectWrittenDown(
  records: readonly JournalRecord[],
  server: string,
  { seen, answered }: { readonly seen: number; readonly answered: readonly string[] },
): void {
  const about = records.filter(({ target }) => target.server === server);
  const intents = about.filter(({ type }) => type === "tool.call.intended");
  expect(intents.length).toBeGreaterThanOrEqual(seen);
  const outcomes = new Set(
    about.filter(({ type }) => type === "tool.call.completed").map(({ trace_id: trace }) => trace),
  );
  expect(answered.filter((trace) => !outcomes.has(trace))).toEqual([]);
  // Whatever ended had been intended.
  const intended = new Set(intents.map(({ id }) => id));
  expect(about.filter(({ type, id }) => type === "tool.call.completed" && !intended.has(`${id}.intent`))).toEqual([]);
}
