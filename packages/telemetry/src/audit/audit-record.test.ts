import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventIds } from "../event-ids.ts";
import type { HangarEvent } from "../events.ts";
import { knownSecrets } from "../redaction/index.ts";
import { sampleEvent, sampleEvents } from "../testing/index.ts";
import { REJECTION_REASONS } from "../vocabulary.ts";
import { isAudited } from "./audit-content.ts";
import {
  AUDIT_CHECKPOINT_REASONS,
  AUDIT_GAP_REASONS,
  checkpointRecordOf,
  gapRecordOf,
  intentRecordOf,
} from "./audit-journal.ts";
import { type AuditContent, type AuditRecord, auditRecordOf, stampedRecord } from "./audit-record.ts";
import { AUDIT_RECORD_SCHEMA } from "./audit-schema.ts";
import { AUDIT_LIST_MAX, AUDIT_MESSAGE_CHARS_MAX } from "./audit-text.ts";
import { AUDIT_TYPES } from "./audit-types.ts";

const SECRET = "hunter2-correct-horse-battery";
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(AUDIT_RECORD_SCHEMA);
const ids = new EventIds("run");

beforeAll(() => knownSecrets.replace("audit-record.test", [SECRET]));
afterAll(() => knownSecrets.replace("audit-record.test", []));

function recordOf(event: HangarEvent): AuditRecord | undefined {
  return auditRecordOf(event, { id: ids.of(event), instance: "gateway-1" });
}

function records(events: readonly HangarEvent[]): readonly AuditRecord[] {
  return events.map(recordOf).filter((record) => record !== undefined);
}

const STAMP = { id: "1", instance: "gateway-1" };
const CHECKPOINT = { journal: "0".repeat(32), sequence: 0, hash: "0".repeat(64), key: "k", signature: "s" } as const;

/** What only a journal writes: intents of each kind, and what it says of itself. */
function journalRecords(): readonly AuditRecord[] {
  const { caller, client } = sampleEvent("call.finished");
  const intents = (["call", "request", "operation"] as const).map((kind) => {
    const intent = { id: `${kind}-1`, kind, method: "prompts/get", server: "math", subject: "add", caller, client };
    return intentRecordOf(intent, "gateway-1", 0);
  });
  const gaps = AUDIT_GAP_REASONS.flatMap((reason) => [
    gapRecordOf({ reason, count: 2, from: 3, to: 4 }, STAMP, 0),
    gapRecordOf({ reason, since: "1970-01-01T00:00:00.000Z", until: "1970-01-01T00:00:01.000Z" }, STAMP, 0),
  ]);
  const checkpoints = AUDIT_CHECKPOINT_REASONS.map((reason) => {
    return checkpointRecordOf({ ...CHECKPOINT, reason }, STAMP, 0);
  });
  return [...intents, ...gaps, ...checkpoints];
}

function problemsOf(record: AuditRecord): unknown {
  // As it travels: what JSON cannot carry must not be in it.
  return validate(JSON.parse(JSON.stringify(record))) ? undefined : { record, errors: validate.errors };
}

describe("the audit records of all sample events", () => {
  test("fit their schema as JSON, and lose nothing on the way there", () => {
    for (const record of records(sampleEvents())) {
      expect(problemsOf(record)).toBeUndefined();
      expect(JSON.parse(JSON.stringify(record))).toEqual(record);
    }
  });

  test("are of every type that there is, each with its code, beside those of a journal itself", () => {
    const all = [...records(sampleEvents()), ...journalRecords()];
    const found = Object.fromEntries(all.map(({ type, code }) => [type, code]));
    const defined = Object.fromEntries(Object.entries(AUDIT_TYPES).map(([type, { code }]) => [type, code]));
    expect(found).toEqual(defined);
    expect(new Set(Object.values(defined)).size).toBe(Object.keys(defined).length);
  });

  test("exist for audited types of events and for no others", () => {
    for (const event of sampleEvents()) if (!isAudited(event.type)) expect(recordOf(event)).toBeUndefined();
    const audited = new Set(sampleEvents().flatMap((event) => (recordOf(event) === undefined ? [] : [event.type])));
    for (const event of sampleEvents()) expect(audited.has(event.type)).toBe(isAudited(event.type));
  });

  test("say nothing of arguments and results", () => {
    expect(JSON.stringify(records(sampleEvents()))).not.toMatch(/canary|\[redacted\]/);
  });

  test("of a refusal are denied, and never a success", () => {
    for (const event of sampleEvents()) {
      if (event.type !== "call.finished" || event.outcome.status !== "rejected") continue;
      const isDenied = ["access_denied", "rate_limited", "unauthenticated"].includes(event.outcome.reason);
      expect(recordOf(event)).toMatchObject({
        outcome: isDenied ? "denied" : "failure",
        reason: event.outcome.reason,
      });
    }
    expect(REJECTION_REASONS).toHaveLength(5);
  });
});

describe("the credential of an actor", () => {
  const credentials = [
    "api_key:08ksc61h809l",
    "api_key:14hwk6a8eskv",
    "jwt:https://issuer.example:ada",
    "jwt:https://issuer.example/realms/a:5f0c2b1e-7a44-4c8e-9d26-0d8f4c3b2a19",
    "anonymous",
    "local",
  ];

  test.each(credentials)("%s is told as it is, in every record that has a caller", (credential) => {
    for (const event of sampleEvents()) {
      if (!("caller" in event) || event.caller === undefined) continue;
      const type = credential.startsWith("api_key") ? "api_key" : event.caller.type;
      const record = recordOf({ ...event, caller: { ...event.caller, type, credential } } as HangarEvent);
      if (record !== undefined) expect(record.actor.credential).toBe(credential);
    }
  });

  test("has no secret that is known, and a limit", () => {
    knownSecrets.replace("a test", [SECRET]);
    const { caller } = sampleEvent("call.finished");
    const told = (credential: string): string | undefined =>
      recordOf({ ...sampleEvent("call.finished"), caller: { ...caller, credential } })?.actor.credential;
    expect(told(`jwt:https://issuer.example:${SECRET}`)).not.toContain(SECRET);
    expect(told(`jwt:${"a ".repeat(2_000)}`)?.length).toBeLessThanOrEqual(500);
    knownSecrets.replace("a test", []);
  });
});

describe("the records of operations", () => {
  const finished = sampleEvents().filter((event) => event.type === "operation.finished");

  test.each([
    ["createKey", "key.created", { kind: "key", name: "robot" }, 6],
    ["revokeKey", "key.revoked", { kind: "key", name: "robot" }, 5],
    ["approveDiscovered", "server.approved", { kind: "server", server: "math" }, 5],
    ["rejectDiscovered", "server.rejected", { kind: "server", server: "math" }, 5],
  ])("%s that was done is %s and nothing else", (operation, type, target, severity) => {
    const done = finished.filter((event) => event.operation === operation && event.outcome === "done");
    expect(records(done)).toMatchObject([
      { type, target, severity, action: operation, outcome: "success", actor: { id: "ada" } },
    ]);
  });

  test("that were not done are of the type of their refusal, whatever they are", () => {
    const refused = finished.filter(({ outcome }) => outcome !== "done");
    expect(records(refused).map(({ action, type }) => [action, type])).toEqual(
      expect.arrayContaining([["revokeKey", "operation.denied"]]),
    );
    for (const { type } of records(refused)) expect(type).toMatch(/^operation\.(failed|denied|rate_limited)$/);
    for (const outcome of ["forbidden", "unknown_server"] as const) {
      for (const event of finished)
        expect(recordOf({ ...event, outcome })?.type).toMatch(/^operation\.(failed|denied)$/);
    }
  });
});

describe("the records of a journal", () => {
  test("fit the schema", () => {
    for (const record of journalRecords()) expect(problemsOf(record)).toBeUndefined();
  });

  test("of an intent have an id of their own, who wants what of whom, and no outcome yet", () => {
    const [call, request] = journalRecords();
    expect(call).toMatchObject({
      id: "call-1.intent",
      type: "tool.call.intended",
      action: "call",
      outcome: "unknown",
      actor: { id: "ada" },
      target: { kind: "tool", server: "math", name: "add" },
    });
    expect(request).toMatchObject({ type: "request.intended", action: "prompts/get", target: { kind: "prompt" } });
  });

  test("of a gap are severe, unless it is as it was wished", () => {
    const severities = journalRecords().flatMap(({ gap, severity }) =>
      gap === undefined ? [] : [[gap.reason, severity]],
    );
    for (const [reason, severity] of severities) expect(severity).toBe(reason === "retention" ? 2 : 9);
  });

  test("of a checkpoint say in words what anchors the journal", () => {
    const checkpoint = journalRecords().find(({ type }) => type === "audit.checkpoint");
    expect(checkpoint?.message).toBe(`journal ${"0".repeat(32)} stands at record 0 with SHA-256 ${"0".repeat(64)}`);
  });
});

test("the credential of an API key tells it from others, though it looks like a secret; that of a token loses its secrets", () => {
  const call = sampleEvent("call.finished");
  const credentialOf = (type: "api_key" | "jwt", credential: string): string | undefined =>
    recordOf({ ...call, caller: { ...call.caller, type, credential } })?.actor.credential;
  const ids = ["api_key:V1StGXR8Z5jdHi6B", "api_key:static-ci.runner-2026"];
  for (const credential of ids) expect(credentialOf("api_key", credential)).toBe(credential);
  expect(credentialOf("jwt", `jwt:https://issuer.example ${SECRET}`)).not.toContain(SECRET);
});

test("a call has who, what, where, how and how long", () => {
  const [call] = records(sampleEvents());
  expect(call).toEqual({
    schema_version: 1,
    id: "call-0",
    time: "2026-01-31T08:00:00.123Z",
    instance: "gateway-1",
    type: "tool.call.completed",
    code: "MH1000",
    category: "tool",
    severity: 2,
    action: "call",
    outcome: "success",
    actor: {
      type: "jwt",
      id: "ada",
      credential: "jwt:https://issuer.example:ada",
      roles: ["operator"],
      token_issuer: "https://issuer.example",
      token_subject: "ada",
      token_actors: ["agent-7"],
      address: "192.0.2.7",
      user_agent: "example/1.0",
      client_name: "example-client",
      client_version: "1.0.0",
      transport: "http",
      session_id: "session-1",
    },
    target: { kind: "tool", server: "math", group: "pool", name: "add" },
    decision: { result: "allowed", by: "role:operator" },
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    span_id: "00f067aa0ba902b7",
    correlation_id: "trace",
    user_id: "user",
    user_session_id: "conversation",
    duration_ms: 12.345,
    attempts: [{ server: "math", code: "success", duration_ms: 11 }],
    request_bytes: 120,
    response_bytes: 340,
    usage: { cost: 0.25, currency: "USD", model: "large-1", input_tokens: 120, output_tokens: 30 },
    batch: { id: "batch-1", index: 0, attempt: 1 },
  });
});

test("an answer that is not the end is of unknown outcome", () => {
  const unfinished = records(sampleEvents()).filter(({ outcome }) => outcome === "unknown");
  expect(unfinished.map(({ category, reason }) => [category, reason])).toEqual([
    ["tool", "input_required"],
    ["tool", "task"],
    ["request", "input_required"],
    ["request", "task"],
  ]);
});

test.each([
  ["forbidden", "operation.denied"],
  ["mode_not_allowed", "operation.denied"],
  ["rate_limited", "operation.rate_limited"],
] as const)("an operation that is refused as %s was denied", (outcome, type) => {
  expect(recordOf({ ...sampleEvent("operation.finished"), outcome })).toMatchObject({
    type,
    outcome: "denied",
    reason: outcome,
  });
});

test("lists are cut", () => {
  const call = sampleEvent("call.finished");
  const [attempt] = call.attempts;
  if (attempt === undefined) throw new Error("it has an attempt");
  const many = Array.from({ length: 100 }, (_each, index) => `role-${index}`);
  const record = recordOf({
    ...call,
    caller: { ...call.caller, roles: many },
    attempts: many.map(() => attempt),
  });
  expect(record?.actor.roles).toHaveLength(AUDIT_LIST_MAX);
  expect(record?.attempts).toHaveLength(AUDIT_LIST_MAX);
  // Sizes are those of all attempts, also of those that are not listed.
  expect(record?.request_bytes).toBe(100 * 120);
});

/** What strangers write: whatever ends records, hides things, or is too much. */
const HOSTILE: readonly string[] = [
  "",
  " ",
  "\u0000\u0001\u001b[31m",
  "a\r\nMar 1 00:00:00 host forged: entry",
  '"}\n{"type":"forged"}',
  "CEF:0|a|b|c|d|e|9|outcome=success",
  "<134>1 2026-01-01T00:00:00Z host app - - - forged",
  "\ud800 lone \udfff surrogates",
  "\u2028\u2029\u0085\u202e",
  "😀".repeat(3_000),
  "x".repeat(100_000),
  "__proto__",
  SECRET,
  `${"y".repeat(1_990)}${SECRET}`,
  `${"z".repeat(490)}${SECRET}`,
  `${"w".repeat(190)}${SECRET} ${SECRET.repeat(50)}`,
  `password=${SECRET}`,
  `Bearer ${SECRET}`,
  JSON.stringify({ authorization: SECRET }),
  encodeURIComponent(`https://user:${SECRET}@host/`),
];

test.each(HOSTILE.map((text) => [JSON.stringify(text.slice(0, 40)), text]))(
  "%s in every field leaks nothing, exceeds nothing and still fits the schema",
  (_shown, text) => {
    for (const record of records(sampleEvents(() => text))) expectHarmless(record);
  },
);

test("any mixture of hostile texts leaks nothing, exceeds nothing and still fits the schema", () => {
  // A fixed sequence, so that a failure can be repeated.
  let state = 20_260_131;
  const number = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const piece = (): string => HOSTILE[number(HOSTILE.length)]?.slice(0, number(4_000)) ?? "";
  // A secret that was cut before it came here is no known secret any more: pieces around one are whole.
  const mixed = (): string => `${piece()}${number(2) === 0 ? SECRET : "\n"}${piece()}`;
  for (let round = 0; round < 8; round += 1) {
    for (const record of records(sampleEvents(mixed))) expectHarmless(record);
  }
});

function expectHarmless(record: AuditRecord): void {
  expect(problemsOf(record)).toBeUndefined();
  for (const text of textsIn(record)) {
    expect(text).not.toContain(SECRET);
    expect(text.length).toBeLessThanOrEqual(AUDIT_MESSAGE_CHARS_MAX);
    expect(text.isWellFormed()).toBe(true);
  }
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

test("the record of what has a span names it", () => {
  const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: true };
  const types = new Set<string>();
  for (const event of sampleEvents()) {
    if (event.type !== "call.finished" && event.type !== "request.finished" && event.type !== "operation.finished")
      continue;
    types.add(event.type);
    expect(recordOf({ ...event, trace })).toMatchObject({ trace_id: trace.traceId, span_id: trace.spanId });
  }
  expect(types.size).toBe(3);
});

test("a record takes every field of the schema from its content, and no field without a value", () => {
  const content: AuditContent = {
    type: "tool.call.completed",
    action: "call",
    outcome: "success",
    actor: { type: "system" },
    target: { kind: "tool" },
  };
  const bare = stampedRecord(content, STAMP, 0);
  const { properties } = AUDIT_RECORD_SCHEMA as { readonly properties: object };
  const optional = Object.keys(properties).filter((field) => !(field in bare));
  expect(optional).toContain("message");
  for (const field of optional) {
    const value = { of: field };
    expect(stampedRecord({ ...content, [field]: value }, STAMP, 0)).toEqual({ ...bare, [field]: value });
    expect(Object.keys(stampedRecord({ ...content, [field]: undefined }, STAMP, 0))).toEqual(Object.keys(bare));
  }
});
