import { describe, expect, test } from "vitest";
import { HANGAR_ATTRIBUTES, OTEL_ATTRIBUTES } from "./attributes.ts";
import { attributesOf, attributesOfAttempt, attributesOfOperation } from "./attributes-of.ts";
import { callFacts } from "./call-facts.ts";
import type { CallFinished, HangarEvent } from "./events.ts";
import { LIBRARY_CLIENT } from "./participants.ts";
import { registeredName } from "./registered-name.ts";
import { requestFacts } from "./request-facts.ts";
import { sampleEvents } from "./testing/index.ts";
import type { SpanAttributes } from "./tracer.ts";

/** Public names that no fact of the gateway can fill; the comments in the table say who does. */
const SET_BY_OTHERS = [
  "mcp.server.state",
  "mcp.tool.args_hash",
  ...["result", "consecutive_failures", "duration_ms"].map((name) => `mcp.health.${name}`),
];
/** Set by the tracer: on the spans of batches, and where payload is asked for. */
const SET_BY_TRACER = ["mcp.batch.size", "mcp.batch.result", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"];
/** Set by the runtime itself, on the event of a failover. */
const SET_BY_CORE = ["mcp.server.next_id"];
/** What an operation of the management has beside what calls have. */
const OF_OPERATIONS = ["mcp.operation.name", "mcp.operation.outcome"];

const [first] = sampleEvents();
if (first?.type !== "call.finished") throw new Error("the first sample is a call");
const call: CallFinished = first;

test("every name of the tables is set by something, or is public and says who will set it", () => {
  const set = sampleEvents().flatMap((event) => Object.keys(attributesOfEvent(event)));
  const known = [...new Set([...set, ...SET_BY_OTHERS, ...SET_BY_TRACER, ...SET_BY_CORE, ...OF_OPERATIONS])].sort();
  expect(known).toEqual([...Object.values(HANGAR_ATTRIBUTES), ...Object.values(OTEL_ATTRIBUTES)].sort());
  expect(SET_BY_OTHERS.filter((name) => set.includes(name))).toEqual([]);
});

test("a call has its attributes under both conventions", () => {
  expect(attributesOf(callFacts(call)).toObject()).toEqual({
    "mcp.server.id": "math",
    "mcp.server.mode": "remote",
    "mcp.server.group_id": "pool",
    "mcp.tool.name": "add",
    "mcp.tool.status": "success",
    "mcp.tool.duration_ms": 12.345,
    "mcp.tool.cold_start": false,
    "mcp.session.id": "session-1",
    "mcp.agent.id": "agent-7",
    "mcp.user.id": "user",
    "mcp.correlation_id": "trace",
    "mcp.batch.id": "batch-1",
    "mcp.batch.index": 0,
    "mcp.batch.attempt": 1,
    "mcp.cost.cents": 25,
    "mcp.cost.currency": "USD",
    "mcp.cost.model": "large-1",
    "mcp.cost.input_tokens": 120,
    "mcp.cost.output_tokens": 30,
    "mcp.enforcement.policy_result": "allowed",
    "mcp.enforcement.policy_name": "role:operator",
    "mcp.enforcement.action": "allow",
    "mcp.audit.principal_type": "jwt",
    "mcp.audit.principal_id": "ada",
    "mcp.audit.principal_roles": ["operator"],
    "mcp.audit.authenticated": true,
    "mcp.audit.authorized": true,
    "mcp.caller.type": "jwt",
    "mcp.caller.id": "ada",
    "mcp.caller.roles": ["operator"],
    "mcp.method.name": "tools/call",
    "mcp.protocol.version": "2025-11-25",
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "add",
    "jsonrpc.request.id": "7",
    "network.transport": "tcp",
    "client.address": "192.0.2.7",
  });
});

test("a cost has the digits that its server has said, and what it does not say is not there", () => {
  const attributes = attributesOf(callFacts({ ...call, usage: { cost: 0.000_123_45 } })).toObject();
  expect(Object.entries(attributes).filter(([name]) => name.startsWith("mcp.cost."))).toEqual([
    ["mcp.cost.cents", 0.012_345],
  ]);
});

test("what is absent is left out", () => {
  const bare: CallFinished = {
    ...call,
    usage: undefined,
    client: LIBRARY_CLIENT,
    caller: { type: "local", id: registeredName("local"), roles: [], credential: "local" },
    correlation: {},
    decision: undefined,
    group: undefined,
    batch: undefined,
    attempts: [],
  };
  const attributes = attributesOf(callFacts(bare)).toObject();
  expect(Object.values(attributes)).not.toContain(undefined);
  expect(
    Object.keys(attributes).filter((name) => /session|agent|user|group|batch|policy|authorized/.test(name)),
  ).toEqual([]);
});

describe.each([
  ["success", { status: "success", resultType: "complete" }, "success", undefined],
  ["a failing tool", { status: "error", errorType: "tool_error", message: "" }, "error", "tool_error"],
  ["an error of the server", { status: "error", errorType: "upstream_error", message: "" }, "error", "-32603"],
  ["a timeout", { status: "timeout", errorType: "timeout", message: "" }, "timeout", "timeout"],
  ["a cancellation", { status: "cancelled", message: "" }, "error", "cancelled"],
  ["a denial", { status: "rejected", reason: "access_denied", message: "" }, "blocked", "access_denied"],
  ["the rate limit", { status: "rejected", reason: "rate_limited", message: "" }, "blocked", "rate_limited"],
  ["nobody known", { status: "rejected", reason: "unauthenticated", message: "" }, "blocked", "unauthenticated"],
  ["an unknown tool", { status: "rejected", reason: "unknown_tool", message: "" }, "error", "unknown_tool"],
] as const)("the status of %s", (_what, outcome, status, errorType) => {
  const rpcErrorCode = outcome.status === "error" ? -32_603 : undefined;
  const attributes = attributesOf(callFacts({ ...call, outcome, rpcErrorCode })).toObject();

  test(`is ${status}, with the error type ${errorType}`, () => {
    expect(attributes["mcp.tool.status"]).toBe(status);
    expect(attributes["error.type"]).toBe(errorType);
  });

  test("and what enforces it agree", () => {
    expect(attributes["mcp.enforcement.action"]).toBe(status === "blocked" ? "block" : "allow");
    expect(attributes["mcp.enforcement.policy_result"]).toBe(status === "blocked" ? "denied" : "allowed");
  });
});

test("a call that the rate limit blocks names the limit, not the role that would have allowed it", () => {
  const outcome = { status: "rejected", reason: "rate_limited", message: "" } as const;
  expect(attributesOf(callFacts({ ...call, outcome })).toObject()["mcp.enforcement.policy_name"]).toBe("rate_limited");
});

test.each([
  ["host.example:8443", "host.example", 8443],
  ["[::1]:80", "[::1]", 80],
  ["host.example", "host.example", undefined],
  [undefined, undefined, undefined],
])("an attempt at %s has server.address %s and port %s", (address, host, port) => {
  const [attempt] = call.attempts;
  if (attempt === undefined) throw new Error("the sample has an attempt");
  const attributes = attributesOfAttempt({ ...attempt, address }).toObject();
  expect([attributes["server.address"], attributes["server.port"]]).toEqual([host, port]);
});

test("no text is longer than a name may be, but for the URI of a resource", () => {
  for (const event of sampleEvents(() => "x".repeat(50_000))) {
    for (const [name, value] of Object.entries(attributesOfEvent(event))) {
      if (name !== "mcp.resource.uri" && name !== "gen_ai.prompt.name")
        expect(String(value).length).toBeLessThan(1_010);
      else expect(String(value).length).toBeLessThan(2_010);
    }
  }
});

function attributesOfEvent(event: HangarEvent): SpanAttributes {
  if (event.type !== "call.finished" && event.type !== "request.finished") return {};
  const facts = event.type === "call.finished" ? callFacts(event) : requestFacts(event);
  const lists = [attributesOf(facts), ...event.attempts.map((attempt) => attributesOfAttempt(attempt))];
  for (const { names } of lists) expect(new Set(names).size).toBe(names.length);
  return Object.assign({}, ...lists.map((list) => list.toObject()));
}

test("an operation has the attributes of a tool call of MCP if it is called as one, and none of them over REST", () => {
  const { caller, client } = call;
  const start = { operation: "startServer", caller, client, parent: {}, link: undefined } as const;
  const overMcp = attributesOfOperation({ ...start, tool: "hangar_start", door: "mcp" }, "done").toObject();
  expect(overMcp).toMatchObject({
    "mcp.operation.name": "startServer",
    "mcp.operation.outcome": "done",
    "mcp.method.name": "tools/call",
    "gen_ai.tool.name": "hangar_start",
    "mcp.caller.id": "ada",
  });
  expect(overMcp).not.toHaveProperty("error.type");
  const overRest = attributesOfOperation({ ...start, tool: undefined, door: "rest" }, "unknown_server").toObject();
  expect(overRest).toMatchObject({ "mcp.operation.outcome": "unknown_server", "error.type": "unknown_server" });
  expect(Object.keys(overRest).filter((name) => name.startsWith("gen_ai."))).toEqual([]);
  expect(overRest).not.toHaveProperty("mcp.method.name");
});
