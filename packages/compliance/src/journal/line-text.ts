import type { AuditRecord } from "@mcp-hangar/telemetry";
import { isUnchangeable } from "../unchangeable.ts";

/** Writes a value as canonical JSON; `undefined` when it is not of the shape that it should have. */
type Writer = (value: unknown) => string | undefined;
/** A writer for each member, none forgotten. */
type Members<Shape> = { readonly [Name in keyof Required<Shape>]: Writer };

/** Text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

const text: Writer = (value) => {
  if (typeof value !== "string") return undefined;
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value.toWellFormed());
};

const number: Writer = (value) => (typeof value === "number" && Number.isFinite(value) ? String(value) : undefined);

function listOf(write: Writer): Writer {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    let written = "[";
    for (const each of value) {
      const entry = write(each);
      if (entry === undefined) return undefined;
      written += written.length === 1 ? entry : `,${entry}`;
    }
    return `${written}]`;
  };
}

function objectOf<Shape>(members: Members<Shape>): Writer {
  // RFC 8785 orders members by the code units of their names, as this does.
  const writers = Object.entries<Writer>(members).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const names = writers.map(([name]) => name);
  const heads = names.map((name) => `"${name}":`);
  const write = writers.map(([, writer]) => writer);
  return (value) => {
    if (typeof value !== "object" || value === null) return undefined;
    const fields = value as Readonly<Record<string, unknown>>;
    let written = "{";
    let count = 0;
    for (let at = 0; at < names.length; at++) {
      const field = fields[names[at] ?? ""];
      if (field === undefined) continue;
      const member = write[at]?.(field);
      if (member === undefined) return undefined;
      written += count === 0 ? `${heads[at]}${member}` : `,${heads[at]}${member}`;
      count += 1;
    }
    // Whatever else it has would be left out.
    return count === Object.keys(fields).length ? `${written}}` : undefined;
  };
}

/**
 * Writes an object that is often the same once. Only one that nobody can change is remembered, with what is in it: records of one caller
 * share their actor.
 */
function onceFor(write: Writer): Writer {
  const written = new WeakMap<object, string>();
  return (value) => {
    if (typeof value !== "object" || value === null) return undefined;
    const known = written.get(value);
    if (known !== undefined) return known;
    const made = write(value);
    if (made !== undefined && isUnchangeable(value)) written.set(value, made);
    return made;
  };
}

type Part<Field extends keyof AuditRecord> = NonNullable<AuditRecord[Field]>;

/** What a line has and a record has not. */
interface ChainPlace {
  readonly sequence: number;
  readonly previous: string;
}

const lineWriter = objectOf<AuditRecord & ChainPlace>({
  action: text,
  actor: onceFor(
    objectOf<Part<"actor">>({
      type: text,
      id: text,
      credential: text,
      roles: listOf(text),
      token_issuer: text,
      token_subject: text,
      token_actors: listOf(text),
      address: text,
      user_agent: text,
      client_name: text,
      client_version: text,
      transport: text,
      session_id: text,
    }),
  ),
  args_hash: text,
  attempts: listOf(objectOf<Part<"attempts">[number]>({ server: text, code: text, duration_ms: number })),
  batch: objectOf<Part<"batch">>({ id: text, index: number, attempt: number }),
  captured: objectOf<Part<"captured">>({ arguments: text, result: text, omitted: text }),
  category: text,
  change: objectOf<Part<"change">>({ before: text, after: text }),
  checkpoint: objectOf<Part<"checkpoint">>({
    journal: text,
    sequence: number,
    hash: text,
    reason: text,
    key: text,
    signature: text,
  }),
  code: text,
  correlation_id: text,
  decision: objectOf<Part<"decision">>({ result: text, by: text }),
  duration_ms: number,
  gap: objectOf<Part<"gap">>({ reason: text, count: number, from: number, to: number, since: text, until: text }),
  id: text,
  instance: text,
  message: text,
  outcome: text,
  previous: text,
  reason: text,
  request_bytes: number,
  response_bytes: number,
  rpc_error_code: number,
  schema_version: number,
  sequence: number,
  severity: number,
  span_id: text,
  target: onceFor(objectOf<Part<"target">>({ kind: text, server: text, group: text, name: text })),
  time: text,
  trace_id: text,
  type: text,
  usage: objectOf<Part<"usage">>({
    cost: number,
    currency: text,
    model: text,
    input_tokens: number,
    output_tokens: number,
  }),
  user_id: text,
  user_session_id: text,
});

/**
 * A record with its place in a chain as canonical JSON (RFC 8785), for records that are nothing but what this release knows: some four
 * times as fast as a library that knows nothing of them. `undefined` for any other, which `canonical` writes.
 */
export function lineText(line: AuditRecord & ChainPlace): string | undefined {
  return lineWriter(line);
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
