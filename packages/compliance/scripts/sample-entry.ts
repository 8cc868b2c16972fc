import type { AuditEntry } from "../src/index.ts";

/** A call that was denied, as a gateway with a journal writes it down. */
export const sampleEntry: AuditEntry = {
  record: {
    schema_version: 1,
    id: "0d9c2a4e-6d1b-4a53-9a0e-6c5b1f1c7a10",
    time: "2026-01-31T08:00:00.123Z",
    instance: "gateway-1",
    type: "tool.call.denied",
    code: "MH1003",
    category: "tool",
    action: "call",
    outcome: "denied",
    reason: "access_denied",
    severity: 7,
    actor: {
      type: "jwt",
      id: "ada",
      credential: "jwt:https://issuer.example:ada",
      roles: ["reader", "operator"],
      token_issuer: "https://issuer.example",
      token_subject: "ada",
      token_actors: ["agent-7"],
      address: "192.0.2.7",
      transport: "http",
    },
    target: { kind: "tool", server: "billing", name: "refund" },
    decision: { result: "denied", by: "role:reader" },
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    span_id: "00f067aa0ba902b7",
    duration_ms: 0.412,
    message: 'the role "reader" may not call "refund"',
  },
  place: { sequence: 4711, hash: "9b1f0c5f2d0a7f6f1b6a3f5b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d" },
};
