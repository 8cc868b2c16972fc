import type { AuditRecord } from "@mcp-hangar/telemetry";
import { listOf, MemberList, membersIn, number, objectOf, onceFor, text, UNFIT, word } from "./canonical-writer.ts";

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

/** Nearly every record has the next two, and all of their members. */
function decision(value: Part<"decision"> | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || membersIn(value) !== 2) return UNFIT;
  const by = word(value.by);
  const result = word(value.result);
  return by && result ? `{"by":${by},"result":${result}}` : UNFIT;
}

const attempts = listOf((value) => {
  if (typeof value !== "object" || value === null || membersIn(value) !== 3) return UNFIT;
  // Each member is looked at.
  const attempt = value as Part<"attempts">[number];
  const code = word(attempt.code);
  const durationMs = number(attempt.duration_ms);
  const server = word(attempt.server);
  return code && durationMs && server ? `{"code":${code},"duration_ms":${durationMs},"server":${server}}` : UNFIT;
});

/**
 * A record with its place in a chain as canonical JSON (RFC 8785), for records that are nothing but what this release knows: some ten
 * times as fast as a library that knows nothing of them. `undefined` for any other, which `canonical` writes.
 */
export function lineText(record: AuditRecord, { sequence, previous }: ChainPlace): LineText | undefined {
  const members = new MemberList();
  members.add('{"action":', word(record.action) ?? UNFIT);
  members.add(',"actor":', actor(record.actor));
  members.add(',"args_hash":', text(record.args_hash));
  members.add(',"attempts":', attempts(record.attempts));
  members.add(',"batch":', batch(record.batch));
  members.add(',"captured":', captured(record.captured));
  members.add(',"category":', word(record.category));
  members.add(',"change":', change(record.change));
  members.add(',"checkpoint":', checkpoint(record.checkpoint));
  members.add(',"code":', word(record.code));
  members.add(',"correlation_id":', text(record.correlation_id));
  members.add(',"decision":', decision(record.decision));
  members.add(',"duration_ms":', number(record.duration_ms));
  members.add(',"gap":', gap(record.gap));
  members.add(',"id":', text(record.id));
  members.add(',"instance":', word(record.instance));
  members.add(',"message":', text(record.message));
  members.add(',"outcome":', word(record.outcome));
  const previousAt = members.length;
  members.add(',"previous":', text(previous));
  members.add(',"reason":', text(record.reason));
  members.add(',"request_bytes":', number(record.request_bytes));
  members.add(',"response_bytes":', number(record.response_bytes));
  members.add(',"rpc_error_code":', number(record.rpc_error_code));
  members.add(',"schema_version":', number(record.schema_version));
  members.add(',"sequence":', number(sequence));
  members.add(',"severity":', number(record.severity));
  members.add(',"span_id":', text(record.span_id));
  members.add(',"target":', target(record.target));
  members.add(',"time":', text(record.time));
  members.add(',"trace_id":', text(record.trace_id));
  members.add(',"type":', word(record.type));
  members.add(',"usage":', usage(record.usage));
  members.add(',"user_id":', text(record.user_id));
  members.add(',"user_session_id":', text(record.user_session_id));
  const written = members.textOf(membersIn(record) + PLACE_MEMBERS);
  return written === UNFIT ? undefined : { text: `${written}}`, previousAt };
}

/** What a line has and its record has not. */
const PLACE_MEMBERS = 2;

/** A line as it is written. */
export interface LineText {
  readonly text: string;
  /** Characters before the hash of the line before, as a member. */
  readonly previousAt: number;
}
