import { AUDIT_TYPES, type AuditRecord, auditRecordOf, EventIds, type HangarEvent } from "@mcp-hangar/telemetry";
import { SAMPLE_TIME_MS, sampleEvents } from "@mcp-hangar/telemetry/testing";
import { OtlpReceiver, type ReceivedLogRecord } from "@mcp-hangar/testing/otlp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditExporter, INSTANCE, VERSION } from "./exporter-under-test.ts";

let receiver: OtlpReceiver;
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
});
afterAll(() => receiver.close());

/** What the receiver has of these events, sent by this protocol. */
async function sent(events: readonly HangarEvent[], env: Readonly<Record<string, string>>) {
  receiver.exports.length = 0;
  const ids = new EventIds("run");
  const exporter = auditExporter(env, { ids, argsHash });
  await exporter.open();
  for (const event of events) exporter.listener(event);
  await exporter.close(60_000);
  expect(receiver.refusals).toEqual([]);
  const records = events.flatMap(
    (event) => auditRecordOf(event, { id: ids.of(event), instance: INSTANCE, argsHash }) ?? [],
  );
  expect(exporter.snapshot()).toMatchObject({ delivered: records.length, queueSize: 0 });
  return { records, received: receiver.logRecords };
}

const argsHash = (): string => "0e".repeat(32);

const http = (): Readonly<Record<string, string>> => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl });
const grpc = (): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.grpcUrl,
  OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
});

/** Where each field of a record stands, written down a second time. Those of lists and objects are compared below. */
const PLACES: Readonly<Record<string, (record: AuditRecord) => unknown>> = {
  "mcp.audit.event_id": ({ id }) => id,
  "mcp.audit.instance": ({ instance }) => instance,
  "mcp.audit.schema_version": ({ schema_version }) => BigInt(schema_version),
  "mcp.audit.code": ({ code }) => code,
  "mcp.audit.category": ({ category }) => category,
  "mcp.audit.action": ({ action }) => action,
  "mcp.audit.outcome": ({ outcome }) => outcome,
  "mcp.audit.reason": ({ reason }) => reason,
  "mcp.audit.severity": ({ severity }) => BigInt(severity),
  "mcp.audit.target.kind": ({ target }) => target.kind,
  "mcp.audit.target.name": ({ target }) => target.name,
  "mcp.audit.change.before": ({ change }) => change?.before,
  "mcp.audit.change.after": ({ change }) => change?.after,
  "mcp.audit.duration_ms": ({ duration_ms }) => numeric(duration_ms),
  "mcp.audit.message": ({ message }) => message,
  "mcp.attempts": ({ attempts }) =>
    attempts?.map((attempt) => ({ ...attempt, duration_ms: numeric(attempt.duration_ms) })),
  "mcp.request.bytes": ({ request_bytes }) => numeric(request_bytes),
  "mcp.response.bytes": ({ response_bytes }) => numeric(response_bytes),
  "mcp.batch.id": ({ batch }) => batch?.id,
  "mcp.batch.index": ({ batch }) => numeric(batch?.index),
  "mcp.batch.attempt": ({ batch }) => numeric(batch?.attempt),
  "mcp.server.id": ({ target }) => target.server,
  "mcp.server.group_id": ({ target }) => target.group,
  "mcp.correlation_id": ({ correlation_id }) => correlation_id,
  "mcp.user.id": ({ user_id }) => user_id,
  "mcp.user.session_id": ({ user_session_id }) => user_session_id,
  "mcp.cost.cents": ({ usage }) => numeric(usage?.cost === undefined ? undefined : usage.cost * 100),
  "mcp.cost.currency": ({ usage }) => usage?.currency,
  "mcp.cost.model": ({ usage }) => usage?.model,
  "mcp.cost.input_tokens": ({ usage }) => numeric(usage?.input_tokens),
  "mcp.cost.output_tokens": ({ usage }) => numeric(usage?.output_tokens),
  "rpc.response.status_code": ({ rpc_error_code }) => numeric(rpc_error_code),
  "mcp.caller.type": ({ actor }) => actor.type,
  "mcp.caller.id": ({ actor }) => actor.id,
  "mcp.caller.roles": ({ actor }) => actor.roles,
  "mcp.audit.principal_type": ({ actor }) => actor.type,
  "mcp.audit.principal_id": ({ actor }) => actor.id,
  "mcp.audit.principal_roles": ({ actor }) => actor.roles,
  "mcp.audit.authenticated": ({ actor }) => !["system", "unknown", "anonymous"].includes(actor.type),
  "mcp.agent.id": ({ actor }) => actor.token_actors?.[0],
  "mcp.caller.credential": ({ actor }) => actor.credential,
  "mcp.caller.token.issuer": ({ actor }) => actor.token_issuer,
  "mcp.caller.token.subject": ({ actor }) => actor.token_subject,
  "mcp.caller.token.actors": ({ actor }) => actor.token_actors,
  "mcp.client.name": ({ actor }) => actor.client_name,
  "mcp.client.version": ({ actor }) => actor.client_version,
  "mcp.client.transport": ({ actor }) => actor.transport,
  "client.address": ({ actor }) => actor.address,
  "mcp.session.id": ({ actor }) => actor.session_id,
  "user_agent.original": ({ actor }) => actor.user_agent,
  "mcp.enforcement.policy_result": ({ decision }) => decision?.result,
  "mcp.enforcement.policy_name": ({ decision }) => decision?.by,
  "mcp.enforcement.action": ({ decision }) => decision && (decision.result === "allowed" ? "allow" : "block"),
  "mcp.audit.authorized": ({ decision }) => decision && decision.result === "allowed",
  "mcp.tool.name": ({ category, target }) => (category === "tool" ? target.name : undefined),
  "gen_ai.tool.name": ({ category, target }) => (category === "tool" ? target.name : undefined),
  "gen_ai.operation.name": ({ category }) => (category === "tool" ? "execute_tool" : undefined),
  "mcp.tool.duration_ms": ({ category, duration_ms }) => (category === "tool" ? numeric(duration_ms) : undefined),
  "mcp.tool.args_hash": ({ args_hash }) => args_hash,
  "mcp.tool.status": ({ type }) => STATUSES[type],
  "mcp.method.name": ({ category, action }) =>
    category === "tool" ? "tools/call" : category === "request" ? action : undefined,
  "mcp.server.previous_state": ({ type, change }) => (type === "server.state_changed" ? change?.before : undefined),
  "mcp.server.state": ({ type, change }) => (type === "server.state_changed" ? change?.after : undefined),
  "error.type": (record) => errorType(record),
};

const STATUSES: Readonly<Record<string, string>> = {
  "tool.call.completed": "success",
  "tool.call.failed": "error",
  "tool.call.cancelled": "error",
  "tool.call.invalid": "error",
  "tool.call.timed_out": "timeout",
  "tool.call.denied": "blocked",
  "tool.call.rate_limited": "blocked",
};

function errorType({ outcome, reason, rpc_error_code: code, type }: AuditRecord): string | undefined {
  if (outcome === "success" || outcome === "unknown") return undefined;
  return reason === "upstream_error" && code !== undefined ? `${code}` : (reason ?? type.split(".").at(-1));
}

/** As decoded: whole numbers are 64-bit integers, others doubles. */
function numeric(value: number | undefined): number | bigint | undefined {
  return value !== undefined && Number.isInteger(value) ? BigInt(value) : value;
}

function expectedOf(record: AuditRecord): Partial<ReceivedLogRecord> {
  const attributes = Object.entries(PLACES).map(([name, fieldOf]) => [name, fieldOf(record)] as const);
  return {
    resource: { "service.name": "mcp-hangar", "service.version": VERSION, "service.instance.id": INSTANCE },
    scope: { name: "@mcp-hangar/otlp-audit", version: VERSION },
    timeUnixNano: BigInt(SAMPLE_TIME_MS) * 1_000_000n,
    eventName: `mcp_hangar.${record.type}`,
    body: AUDIT_TYPES[record.type].description,
    traceId: record.trace_id ?? "",
    spanId: record.span_id ?? "",
    flags: 0,
    droppedAttributesCount: 0,
    attributes: Object.fromEntries(attributes.filter(([, value]) => value !== undefined)),
  };
}

describe.each([
  ["HTTP", http],
  ["gRPC", grpc],
])("over %s", (_name, env) => {
  it("each sample event that has an audit record arrives, with every field of it", async () => {
    const beforeMs = Date.now();
    const { records, received } = await sent(sampleEvents(), env());
    expect(records.length).toBeGreaterThan(40);
    expect(received).toHaveLength(records.length);
    for (const [index, record] of records.entries()) {
      const { observedTimeUnixNano, severityNumber, severityText, ...rest } = received[index] ?? {};
      expect(rest, record.type).toEqual(expectedOf(record));
      expect(Number(observedTimeUnixNano ?? 0n) / 1e6).toBeGreaterThanOrEqual(beforeMs - 1);
      expect(Number(observedTimeUnixNano ?? 0n) / 1e6).toBeLessThanOrEqual(Date.now() + 1);
      expect(severityNumber).toBe(`SEVERITY_NUMBER_${severityText}`);
    }
  });

  it("any text arrives as it is in the record, and changes nothing else", async () => {
    const hostile = (usual: string): string => `${usual}\u0000\n\r\u2028"\\,=|🙂\ud800<${"é".repeat(50)}>`;
    const { records, received } = await sent(sampleEvents(hostile), env());
    for (const [index, record] of records.entries()) {
      const {
        observedTimeUnixNano: _when,
        severityNumber: _number,
        severityText: _text,
        ...rest
      } = received[index] ?? {};
      expect(rest, record.type).toEqual(expectedOf(record));
    }
  });
});

it("the severity follows the outcome", async () => {
  const { received } = await sent(sampleEvents(), http());
  const typesWith = (severity: string): readonly string[] => [
    ...new Set(
      received.flatMap(({ eventName, severityText }) =>
        severityText === severity ? [eventName.replace("mcp_hangar.", "")] : [],
      ),
    ),
  ];
  expect(typesWith("ERROR").toSorted()).toEqual([
    "configuration.reload_failed",
    "operation.failed",
    "request.failed",
    "request.timed_out",
    "server.breaker_changed",
    "server.start_failed",
    "server.state_changed",
    "server.stopped",
    "tool.call.failed",
    "tool.call.timed_out",
    "tool.task.failed",
    "tool.task.timed_out",
  ]);
  expect(typesWith("WARN").toSorted()).toEqual([
    "access.denied",
    "authentication.failed",
    "key.created",
    "operation.denied",
    "operation.rate_limited",
    "request.denied",
    "request.invalid",
    "request.rate_limited",
    "server.tools_changed",
    "tool.call.denied",
    "tool.call.invalid",
    "tool.call.rate_limited",
  ]);
  expect(typesWith("INFO")).toEqual(expect.arrayContaining(["tool.call.completed", "tool.call.cancelled"]));
  expect(received.map(({ severityText }) => severityText).every((text) => /^(?:INFO|WARN|ERROR)$/.test(text))).toBe(
    true,
  );
});
