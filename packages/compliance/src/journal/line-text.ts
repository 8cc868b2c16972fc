import type { AuditRecord } from "@mcp-hangar/telemetry";
import { contextualObjectOf, listOf, number, objectOf, onceFor, text, UNFIT, word } from "./canonical-writer.ts";

type Part<Field extends keyof AuditRecord> = NonNullable<AuditRecord[Field]>;

/** What a line has and a record has not. */
interface ChainPlace {
  readonly sequence: number;
  readonly previous: string;
}

const texts = listOf(text);

const actor = onceFor(
  objectOf<Part<"actor">>({
    type: ({ type }) => text(type),
    id: ({ id }) => text(id),
    credential: ({ credential }) => text(credential),
    roles: ({ roles }) => texts(roles),
    token_issuer: ({ token_issuer }) => text(token_issuer),
    token_subject: ({ token_subject }) => text(token_subject),
    token_actors: ({ token_actors }) => texts(token_actors),
    address: ({ address }) => text(address),
    user_agent: ({ user_agent }) => text(user_agent),
    client_name: ({ client_name }) => text(client_name),
    client_version: ({ client_version }) => text(client_version),
    transport: ({ transport }) => text(transport),
    session_id: ({ session_id }) => text(session_id),
  }),
);
const target = onceFor(
  objectOf<Part<"target">>({
    kind: ({ kind }) => text(kind),
    server: ({ server }) => text(server),
    group: ({ group }) => text(group),
    name: ({ name }) => text(name),
  }),
);
const attempts = listOf(
  objectOf<Part<"attempts">[number]>({
    server: ({ server }) => word(server),
    code: ({ code }) => word(code),
    duration_ms: ({ duration_ms }) => number(duration_ms),
  }),
);
const batch = objectOf<Part<"batch">>({
  id: ({ id }) => text(id),
  index: ({ index }) => number(index),
  attempt: ({ attempt }) => number(attempt),
});
const captured = objectOf<Part<"captured">>({
  arguments: (shape) => text(shape.arguments),
  result: ({ result }) => text(result),
  omitted: ({ omitted }) => text(omitted),
});
const change = objectOf<Part<"change">>({
  before: ({ before }) => text(before),
  after: ({ after }) => text(after),
});
const checkpoint = objectOf<Part<"checkpoint">>({
  journal: ({ journal }) => text(journal),
  sequence: ({ sequence }) => number(sequence),
  hash: ({ hash }) => text(hash),
  reason: ({ reason }) => text(reason),
  key: ({ key }) => text(key),
  signature: ({ signature }) => text(signature),
});
const decision = objectOf<Part<"decision">>({
  result: ({ result }) => word(result),
  by: ({ by }) => word(by),
});
const gap = objectOf<Part<"gap">>({
  reason: ({ reason }) => text(reason),
  count: ({ count }) => number(count),
  from: ({ from }) => number(from),
  to: ({ to }) => number(to),
  since: ({ since }) => text(since),
  until: ({ until }) => text(until),
});
const usage = objectOf<Part<"usage">>({
  cost: ({ cost }) => number(cost),
  currency: ({ currency }) => text(currency),
  model: ({ model }) => text(model),
  input_tokens: ({ input_tokens }) => number(input_tokens),
  output_tokens: ({ output_tokens }) => number(output_tokens),
});

const writeLine = contextualObjectOf<AuditRecord & ChainPlace, ChainPlace>(
  {
    action: ({ action }) => text(action),
    actor: (record) => actor(record.actor),
    args_hash: ({ args_hash }) => text(args_hash),
    attempts: (record) => attempts(record.attempts),
    batch: (record) => batch(record.batch),
    captured: (record) => captured(record.captured),
    category: ({ category }) => word(category),
    change: (record) => change(record.change),
    checkpoint: (record) => checkpoint(record.checkpoint),
    code: ({ code }) => word(code),
    correlation_id: ({ correlation_id }) => text(correlation_id),
    decision: (record) => decision(record.decision),
    duration_ms: ({ duration_ms }) => number(duration_ms),
    gap: (record) => gap(record.gap),
    id: ({ id }) => text(id),
    instance: ({ instance }) => word(instance),
    message: ({ message }) => text(message),
    outcome: ({ outcome }) => word(outcome),
    previous: (_record, { previous }) => text(previous),
    reason: ({ reason }) => text(reason),
    request_bytes: ({ request_bytes }) => number(request_bytes),
    response_bytes: ({ response_bytes }) => number(response_bytes),
    rpc_error_code: ({ rpc_error_code }) => number(rpc_error_code),
    schema_version: ({ schema_version }) => number(schema_version),
    sequence: (_record, { sequence }) => number(sequence),
    severity: ({ severity }) => number(severity),
    span_id: ({ span_id }) => text(span_id),
    target: (record) => target(record.target),
    time: ({ time }) => text(time),
    trace_id: ({ trace_id }) => text(trace_id),
    type: ({ type }) => word(type),
    usage: (record) => usage(record.usage),
    user_id: ({ user_id }) => text(user_id),
    user_session_id: ({ user_session_id }) => text(user_session_id),
  },
  2,
);

/**
 * A record with its place in a chain as canonical JSON (RFC 8785), for records that are nothing but what this release knows: some ten
 * times as fast as a library that knows nothing of them. `undefined` for any other, which `canonical` writes.
 */
export function lineText(record: AuditRecord, place: ChainPlace): string | undefined {
  const written = writeLine(record, place);
  return written === UNFIT ? undefined : written;
}

/** How the member begins that a sink's line does not have; no other member of a line that {@link lineText} writes has its name. */
const PREVIOUS = ',"previous":"';
const HASH_CHARS = 64;

/** The line of {@link lineText} as sinks have it: with the hash of its own in the place of that of the line before. */
export function lineWithHash(line: string, hash: string): string {
  // Records have an id, which stands before it.
  const at = line.indexOf(PREVIOUS);
  return `${line.slice(0, at)},"hash":"${hash}${line.slice(at + PREVIOUS.length + HASH_CHARS)}`;
}
