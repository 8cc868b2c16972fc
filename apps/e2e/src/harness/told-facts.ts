import { poll } from "@mcp-hangar/testing";
import { expect } from "vitest";
import type { EventFollower, StreamedEvent } from "./event-follower.ts";
import { factTable } from "./fact-table.ts";
import type { HttpGateway } from "./gateway-process.ts";
import { rest } from "./rest.ts";

/** Facts that callers cause; the others happen by themselves. */
const CAUSED = [
  "call.finished",
  "request.finished",
  "operation.finished",
  "access.denied",
  "authentication.failed",
  "session.opened",
  "session.closed",
  "batch.finished",
  "config.reloaded",
];

/** Which fields of an event say what was done. */
const SUBJECTS: Readonly<Record<string, string>> = {
  "request.finished": "method",
  "operation.finished": "operation",
  "access.denied": "reason",
};

/** How many facts each counter has counted. */
const COUNTED: Readonly<Record<string, (event: StreamedEvent) => boolean>> = {
  mcp_hangar_tool_calls_total: ({ type }) => type === "call.finished",
  mcp_hangar_requests_total: ({ type }) => type === "request.finished",
  mcp_hangar_access_denials_total: ({ type }) => type === "access.denied" || type === "authentication.failed",
  mcp_hangar_operations_total: ({ type, effect }) => type === "operation.finished" && effect !== "read",
  mcp_hangar_batch_calls_total: ({ type }) => type === "batch.finished",
  mcp_hangar_config_reloads_total: ({ type }) => type === "config.reloaded",
  mcp_hangar_rate_limit_hits_total: ({ reason, outcome }) => (reason ?? outcome) === "rate_limited",
};

const table = factTable();

/** An event that a caller caused, in short: its type, what was done, and by whom. */
function inShort(event: StreamedEvent): string {
  const caller = event.caller as { readonly id?: string } | undefined;
  const parts = [event.type, event[SUBJECTS[event.type] ?? ""], caller?.id];
  return parts.filter((part) => typeof part === "string").join(" ");
}

/** Everything that callers have caused so far, in short and in order; what was only counted stands there as often. */
export function causedFacts(events: readonly StreamedEvent[]): readonly string[] {
  return withRepeated(events).flatMap((event) => (CAUSED.includes(event.type) ? [inShort(event)] : []));
}

/** Waits until callers have caused so many facts; throws with all of them when that does not come true. */
export async function awaitFacts({ events }: EventFollower, count: number): Promise<void> {
  await poll(`${count} facts`, () => causedFacts(events).length >= count).catch((cause: unknown) => {
    throw new Error(`only these facts: ${causedFacts(events).join(", ")}`, { cause });
  });
}

/** Checks that every fact of the stream is exactly once in each place that the table promises. */
export async function expectToldOnce(
  gateway: HttpGateway,
  follower: EventFollower,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await expectSame(
    () => lineCounts(gateway),
    () => eventCounts(follower.events),
  );
  await expectSame(
    () => idsInLog(gateway),
    () => idsIn(follower.events, ["call.finished", "request.finished", "operation.finished"]),
  );
  expect(await idsInHistory(gateway, headers)).toEqual(idsIn(follower.events, ["call.finished", "request.finished"]));
  expectIds(follower.events);
  for (const server of serversOf(follower.events)) {
    expect(await linesOf(gateway, server, headers), server).toBe(follower.events.filter(isLineOf(server)).length);
  }
  const page = await gateway.metrics(headers);
  for (const [name, isCounted] of Object.entries(COUNTED)) {
    const isPromised = [...table.values()].some(({ metrics }) => metrics.includes(name));
    if (isPromised) expect(page.sum(name), name).toBe(withRepeated(follower.events).filter(isCounted).length);
  }
}

/** Events that have an audit record have an id, which no other event has. */
function expectIds(events: readonly StreamedEvent[]): void {
  const audited = events.filter(({ type }) => (table.get(type)?.audit.length ?? 0) > 0);
  const ids = audited.map(({ event_id: id }) => id);
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(ids.length);
}

/** The log is written, and the stream sent, a moment later than what they tell. */
async function expectSame<Told>(inLog: () => Told, inStream: () => Told): Promise<void> {
  await expect
    .poll(() => ({ told: inLog(), streamed: inStream() }))
    .toSatisfy(({ told, streamed }) => {
      expect(told).toEqual(streamed);
      return true;
    });
}

/** Lines of the log by the type of event that they are promised for. */
function lineCounts(gateway: HttpGateway): Readonly<Record<string, number>> {
  const types = new Map([...table.values()].flatMap(({ type, log }) => log.map((name) => [name, type] as const)));
  const counts: Record<string, number> = {};
  for (const { event, of, count } of gateway.events()) {
    const isRepeated = event === "events_repeated";
    const type = isRepeated ? String(of) : types.get(event);
    if (type !== undefined) counts[type] = (counts[type] ?? 0) + (isRepeated ? Number(count) : 1);
  }
  return counts;
}

function eventCounts(events: readonly StreamedEvent[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { type } of withRepeated(events)) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** Events that came too often to be told one by one stand there as often as they were counted. */
function withRepeated(events: readonly StreamedEvent[]): readonly StreamedEvent[] {
  return events.flatMap((event) => {
    if (event.type !== "events.repeated") return [event];
    const { of, reason, caller } = event;
    return Array.from({ length: Number(event.count) }, () => ({ type: String(of), reason, caller }));
  });
}

function idsInLog(gateway: HttpGateway): readonly string[] {
  return gateway
    .events()
    .flatMap(({ call_id: call, request_id: request, operation_id: operation }) => call ?? request ?? operation ?? [])
    .map(String)
    .sort();
}

function idsIn(events: readonly StreamedEvent[], types: readonly string[]): readonly string[] {
  return events.flatMap(({ type, event_id: id }) => (types.includes(type) && id !== undefined ? [id] : [])).sort();
}

async function idsInHistory(
  gateway: HttpGateway,
  headers: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const page = await rest(gateway, "GET", "/api/history?limit=1000", { headers });
  expect(page.status).toBe(200);
  // The page of a history that is kept.
  return (page.json().calls as readonly { readonly call_id: string }[]).map(({ call_id: id }) => id).sort();
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
