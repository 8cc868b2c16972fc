import { expect, test } from "vitest";
import { blobWorkload, echoWorkload, fault } from "./expectation.ts";

const sequence = 123_456_789;

function answer(id: unknown, text: string, more: object = {}): { status: number; head: string; body: string } {
  const body = JSON.stringify({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text }], ...more } });
  return { status: 200, head: "", body };
}

test("an echo call sends as many bytes as it promises", () => {
  const { argumentsJson } = echoWorkload(200);
  expect(JSON.parse(argumentsJson.replace("$SEQ", String(sequence))).text).toHaveLength(200);
});

test("the call's own answer is right, as JSON and as an event stream", () => {
  const workload = echoWorkload(200);
  const right = answer(sequence, `${sequence}:${workload.tail}`);
  expect(fault(workload, sequence, right)).toBeUndefined();
  expect(fault(workload, sequence, { ...right, body: `event: message\ndata: ${right.body}\n\n` })).toBeUndefined();
});

test.each([
  ["an HTTP error", { status: 502, head: "", body: "upstream gone" }, /HTTP 502: upstream gone/],
  ["an id of another type", answer(String(sequence), `${sequence}:x`), /id "123456789" instead of 123456789/],
  ["another call's text", answer(sequence, "123456788:x"), /text of another call/],
  ["a changed text", answer(sequence, `${sequence}:x`), /a changed text/],
  ["a tool error", answer(sequence, `${sequence}:x`, { isError: true }), /no result/],
  ["a protocol error", { status: 200, head: "", body: `{"id":${sequence},"error":{"code":-32603}}` }, /no result/],
  ["something that is not JSON", { status: 200, head: "", body: "<html>" }, /not a JSON-RPC message/],
])("%s is a fault", (_name, wrong, message) => {
  expect(fault(echoWorkload(200), sequence, wrong)).toMatch(message);
});

test("a large result that was cut is a fault", () => {
  const workload = blobWorkload(1_000);
  expect(fault(workload, sequence, answer(sequence, `${sequence}:${"x".repeat(970)}`))).toBeUndefined();
  expect(fault(workload, sequence, answer(sequence, `${sequence}:${"x".repeat(500)}`))).toMatch(/500 characters/);
});
