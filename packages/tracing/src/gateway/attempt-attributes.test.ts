import {
  type Attempt,
  attributesOf,
  attributesOfAttempt,
  type CallFinished,
  callFacts,
  knownSecrets,
  registeredName,
} from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { afterEach, expect, test } from "vitest";
import { AttemptAttributes } from "./attempt-attributes.ts";

afterEach(() => knownSecrets.replace("attempt-attributes.test", []));

const EVENT = sampleEvent("call.finished");
const ATTEMPT: Attempt = {
  server: registeredName("math"),
  mode: "remote",
  protocolVersion: "2025-06-18",
  address: "math.example:8443",
  waitedSeconds: 0,
  coldStartSeconds: undefined,
  upstreamSeconds: 0.01,
  requestBytes: 100,
  responseBytes: 200,
  code: "success",
};
const CALL: Partial<CallFinished> = { outcome: { status: "success", resultType: "complete" }, rpcErrorCode: undefined };

/** What the attributes of an attempt follow from, one change each. */
const CHANGES: readonly (readonly [Partial<Attempt>, Partial<CallFinished>])[] = [
  [{ server: registeredName("maths") }, {}],
  [{ mode: "subprocess" }, {}],
  [{ protocolVersion: "2026-07-28" }, {}],
  [{ protocolVersion: undefined }, {}],
  [{ address: "math.example:8444" }, {}],
  [{ address: undefined }, {}],
  [{ code: "timeout" }, { rpcErrorCode: -32_000 }],
  [{}, { tool: registeredName("subtract") }],
  [{}, { tool: undefined, requestedTool: "what it typed" }],
  [{}, { group: registeredName("another") }],
  [{}, { group: undefined }],
  [{}, {}],
];

test("attempts have the attributes of their own, whatever came before them", () => {
  const attempts = new AttemptAttributes();
  for (const [ofAttempt, ofCall] of [...CHANGES, ...CHANGES.toReversed(), ...CHANGES]) {
    const attempt = { ...ATTEMPT, ...ofAttempt };
    const facts = callFacts({ ...EVENT, ...CALL, ...ofCall, attempts: [attempt] });
    const call = attributesOf(facts);
    const shared = [
      "mcp.method.name",
      "gen_ai.operation.name",
      "gen_ai.tool.name",
      "mcp.tool.name",
      "mcp.server.group_id",
    ];
    const expected = attributesOfAttempt(attempt, facts.rpcErrorCode);
    for (const name of shared) expected.put(name, call.get(name));
    expect(attempts.of(attempt, facts, call).toObject()).toEqual(expected.toObject());
  }
});

test("those that succeed at one tool share a list, until other secrets are known", () => {
  const attempts = new AttemptAttributes();
  const facts = callFacts({ ...EVENT, ...CALL, attempts: [ATTEMPT] });
  const of = (attempt: Attempt) => attempts.of(attempt, facts, attributesOf(facts));
  const first = of(ATTEMPT);
  expect(of({ ...ATTEMPT, upstreamSeconds: 3, responseBytes: 7 })).toBe(first);
  knownSecrets.replace("attempt-attributes.test", ["math.example"]);
  expect(JSON.stringify(of(ATTEMPT).toObject())).not.toContain("math.example");
});
