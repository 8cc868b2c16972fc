import { readFileSync } from "node:fs";
import { type LogEvent, poll } from "@mcp-hangar/testing";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "vitest";
import type { EventFollower, StreamedEvent } from "./event-follower.ts";
import { factTable } from "./fact-table.ts";
import type { HttpGateway } from "./gateway-process.ts";
import { rest } from "./rest.ts";
import type { Witness, WitnessedEvent } from "./witness.ts";

/** Facts that callers cause; the others happen by themselves. */
const CAUSED = [
  "call.finished",
  "request.finished",
  "task.finished",
  "operation.finished",
  "access.denied",
  "authentication.failed",
  "session.opened",
  "session.closed",
  "batch.finished",
  "config.reloaded",
];
/** A credential is told of now and then, and not where it is used: {@link expectSuccesses} looks at them together. */
const SUCCESS = "authentication.succeeded";
/** Facts with an id of their own in the log, and those that are entries of the history. */
const WITH_OWN_ID = ["call.finished", "request.finished", "task.finished", "operation.finished"];
const ENTRIES = ["call.finished", "request.finished", "task.finished"];

/** How many facts each counter has counted. */
const COUNTED: Readonly<Record<string, (event: WitnessedEvent) => boolean>> = {
  mcp_hangar_tool_calls_total: ({ type }) => type === "call.finished",
  mcp_hangar_tasks_total: ({ type }) => type === "task.finished",
  mcp_hangar_requests_total: ({ type }) => type === "request.finished",
  mcp_hangar_access_denials_total: ({ type }) => type === "access.denied" || type === "authentication.failed",
  mcp_hangar_operations_total: ({ effect = "read" }) => effect !== "read",
  mcp_hangar_batch_calls_total: ({ type }) => type === "batch.finished",
  mcp_hangar_config_reloads_total: ({ type }) => type === "config.reloaded",
  mcp_hangar_rate_limit_hits_total: ({ record }) => record?.reason === "rate_limited",
};

const SCHEMA = new URL("../../../../docs/reference/audit-record.schema.json", import.meta.url);
const isRecord = new Ajv2020({ strict: true, allErrors: true }).compile(
  JSON.parse(readFileSync(SCHEMA, "utf8")) as object,
);
const table = factTable();

/** Everything that callers have caused, in short and in order: type, what was done or why it was refused, and by whom. */
export function causedFacts({ events }: Witness): readonly string[] {
  const all = events();
  const facts = causedSoFar.get(all) ?? { read: 0, found: [] };
  causedSoFar.set(all, facts);
  for (const event of all.slice(facts.read)) if (CAUSED.includes(event.type)) facts.found.push(inShort(event));
  facts.read = all.length;
  return [...facts.found];
}

/** What was found in the events of a witness, which only become more: every step asks for them, over and over while it waits. */
const causedSoFar = new WeakMap<readonly WitnessedEvent[], { read: number; readonly found: string[] }>();

function inShort({ type, record }: WitnessedEvent): string {
  const isRefusal = type === "access.denied" || type === "authentication.failed";
  const isNamed = type === "request.finished" || type === "operation.finished";
  const what = isRefusal ? record?.reason : isNamed ? record?.action : undefined;
  return [type, what, record?.actor.id ?? record?.actor.type].filter((part) => part !== undefined).join(" ");
}

/**
 * Every success has its reason: one for each credential and interface, and one for each session that somebody with proof has opened.
 * What was asked for within minutes, from one address, is within an interval.
 */
function expectSuccesses({ events }: Witness): void {
  const records = events().flatMap(({ record }) => record ?? []);
  const proved = records.filter(({ actor }) => actor.type === "api_key" || actor.type === "jwt");
  const told = proved.filter(({ type }) => type === SUCCESS);
  const places = told.flatMap(({ actor, target }) =>
    actor.session_id === undefined ? [`${actor.credential} at ${target.name}`] : [],
  );
  expect([...new Set(places)]).toEqual(places);
  const credentials = new Set(proved.map(({ actor }) => actor.credential));
  expect(new Set(told.map(({ actor }) => actor.credential))).toEqual(credentials);
  const sessions = proved.flatMap(({ type, actor }) => (type === "session.opened" ? [actor.session_id] : []));
  expect(told.flatMap(({ actor }) => actor.session_id ?? [])).toEqual(sessions);
}

/** Waits until callers have caused so many facts; throws with the last of them when that does not come true. */
export async function awaitFacts(witness: Witness, count: number): Promise<void> {
  await poll(`${count} facts`, () => causedFacts(witness).length >= count).catch((cause: unknown) => {
    throw new Error(`only these facts: ${causedFacts(witness).slice(-20).join(", ")}`, { cause });
  });
}

/** Checks that every fact is exactly once in each place that the table promises. `follower` has followed from the start. */
export async function expectToldOnce(
  gateway: HttpGateway,
  { witness, follower }: { readonly witness: Witness; readonly follower: EventFollower },
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await expectLogged(() => gateway.events(), witness);
  await expectSame(
    () => countsOf(withRepeated(follower.events)),
    () => countsOf(witness.events()),
  );
  expectRecords(witness.events());
  expectSuccesses(witness);
  expectPart(idsInStream(follower.events), idsOf(witness.events(), CAUSED));
  for (const server of serversOf(follower.events)) {
    expect(await linesOf(gateway, server, headers), server).toBe(follower.events.filter(isLineOf(server)).length);
  }
  // What is asked for here is told, too: what was told before is compared.
  const before = [...witness.events()];
  const page = await gateway.metrics(headers);
  for (const [name, isCounted] of Object.entries(COUNTED)) {
    const isPromised = [...table.values()].some(({ metrics }) => metrics.includes(name));
    if (isPromised) expect(page.sum(name), name).toBe(before.filter(isCounted).length);
  }
  await expectKept(gateway, before, headers);
}

/** Every fact has its lines in the log, as the table promises. */
export async function expectLogged(log: () => readonly LogEvent[], { events }: Witness): Promise<void> {
  await expectSame(
    () => lineCounts(log()),
    () => countsOf(events()),
  );
  expectPart(idsInLog(log()), idsOf(events(), WITH_OWN_ID));
}

/** Calls and other requests, and nothing else, are in the history. */
export async function expectKept(
  gateway: HttpGateway,
  events: readonly WitnessedEvent[],
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  expect(await idsInHistory(gateway, headers)).toEqual([...idsOf(events, ENTRIES)].sort());
}

/** Every audit record is as it is documented, and there is one for each event that is promised one. */
export function expectRecords(events: readonly WitnessedEvent[]): void {
  for (const { type, id, record } of events) {
    const promised = table.get(type)?.audit ?? [];
    if (record === undefined) {
      // Of starts, those that failed have one.
      expect(type === "server.start_finished" ? [] : promised, type).toEqual([]);
      continue;
    }
    expect(isRecord(record) ? undefined : { record, errors: isRecord.errors }).toBeUndefined();
    expect(promised).toContain(record.type);
    expect(record.id).toBe(id);
  }
  const ids = events.flatMap(({ record }) => record?.id ?? []);
  expect(new Set(ids).size).toBe(ids.length);
}

/** Each of them once, and none that is not among `all`. */
function expectPart(ids: readonly string[], all: ReadonlySet<string>): void {
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !all.has(id))).toEqual([]);
}

/** The log is written, and the stream sent, a moment later than what they tell. */
async function expectSame<Told>(told: () => Told, happened: () => Told): Promise<void> {
  await expect
    .poll(() => ({ told: told(), happened: happened() }))
    .toSatisfy((both) => {
      expect(both.told).toEqual(both.happened);
      return true;
    });
}

/** Lines of the log by the type of event that they are promised for. */
function lineCounts(log: readonly LogEvent[]): Readonly<Record<string, number>> {
  const types = new Map([...table.values()].flatMap(({ type, log }) => log.map((name) => [name, type] as const)));
  const counts: Record<string, number> = {};
  for (const { event, of, count } of log) {
    const isRepeated = event === "events_repeated";
    const type = isRepeated ? String(of) : types.get(event);
    if (type !== undefined) counts[type] = (counts[type] ?? 0) + (isRepeated ? Number(count) : 1);
  }
  return counts;
}

function countsOf(events: readonly { readonly type: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** Events that came too often to be told one by one stand there as often as they were counted. */
function withRepeated(events: readonly StreamedEvent[]): readonly { readonly type: string }[] {
  return events.flatMap(({ type, of, count }) =>
    type === "events.repeated" ? Array.from({ length: Number(count) }, () => ({ type: String(of) })) : [{ type }],
  );
}

function idsOf(events: readonly WitnessedEvent[], types: readonly string[]): ReadonlySet<string> {
  return new Set(events.flatMap(({ type, id }) => (types.includes(type) ? [id] : [])));
}

function idsInLog(log: readonly LogEvent[]): readonly string[] {
  return (
    log
      // The end of a task names the call that has begun it, too.
      .flatMap(
        ({ task_id: task, call_id: call, request_id: request, operation_id: operation }) =>
          task ?? call ?? request ?? operation ?? [],
      )
      .map(String)
  );
}

function idsInStream(events: readonly StreamedEvent[]): readonly string[] {
  return events.flatMap(({ type, event_id: id }) => (CAUSED.includes(type) && id !== undefined ? [id] : []));
}

async function idsInHistory(
  gateway: HttpGateway,
  headers: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let before = ""; ; ) {
    const page = await rest(gateway, "GET", `/api/history?limit=1000${before}`, { headers });
    expect(page.status).toBe(200);
    // A page of a history that is kept.
    const { calls, next_before: next } = page.json() as unknown as HistoryPage;
    ids.push(...calls.map(({ call_id: id }) => id));
    if (next === null) return ids.sort();
    before = `&before=${next}`;
  }
}

interface HistoryPage {
  readonly calls: readonly { readonly call_id: string }[];
  readonly next_before: number | null;
}

function serversOf(events: readonly StreamedEvent[]): ReadonlySet<string> {
  return new Set(events.filter(({ type }) => type === "server.registered").map(({ mcp_server: id }) => String(id)));
}

/** Whether the log of a server has a line about an event. */
function isLineOf(server: string): (event: StreamedEvent) => boolean {
  return ({ type, mcp_server: id, result }) =>
    id === server &&
    table.get(type)?.history === "line" &&
    (type !== "health_check.finished" || result === "unhealthy");
}

async function linesOf(
  gateway: HttpGateway,
  server: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const page = await rest(gateway, "GET", `/api/mcp_servers/${server}/logs?limit=1000&stream=gateway`, { headers });
  expect(page.status).toBe(200);
  return (page.json().logs as readonly unknown[]).length;
}
