import { afterEach, expect, test } from "vitest";
import type { CallFinished } from "../events.ts";
import { knownSecrets } from "../redaction/index.ts";
import { sampleEvent } from "../testing/index.ts";
import { type AuditRecord, auditRecordOf } from "./audit-record.ts";
import { Remembered } from "./remembered.ts";

afterEach(() => knownSecrets.replace("remembered.test", []));

function recordOf(changes: Partial<CallFinished> = {}): AuditRecord {
  const record = auditRecordOf({ ...sampleEvent("call.finished"), ...changes }, { id: "id", instance: "run" });
  if (record === undefined) throw new Error("calls are audited");
  return record;
}

test("records of one caller and client share an actor that nobody can change", () => {
  const [one, other] = [recordOf(), recordOf({ callId: "another" })];
  expect(other.actor).toBe(one.actor);
  expect(other.target).toBe(one.target);
  expect(Object.isFrozen(one.actor) && Object.isFrozen(one.actor.roles) && Object.isFrozen(one.target)).toBe(true);
});

test("whatever differs in caller, client or tool is another actor or target", () => {
  const { caller, client, ...event } = sampleEvent("call.finished");
  const first = recordOf({ caller, client });
  const clients = [
    { address: "192.0.2.99" },
    { userAgent: "other/2" },
    { name: "other" },
    { version: "2" },
    { transport: "library" as const },
    { sessionId: "session-2" },
    { sessionId: undefined },
  ];
  for (const changes of clients) {
    const { actor } = recordOf({ caller, client: { ...client, ...changes } });
    expect(actor).not.toEqual(first.actor);
    expect(recordOf({ caller, client }).actor).toEqual(first.actor);
  }
  const callers = [
    { roles: ["admin"] },
    { type: "anonymous" as const },
    { id: event.tool ?? caller.id },
    { credential: "other" },
    { token: undefined },
    { token: { issuer: "https://issuer.example", subject: "ada", actors: ["agent-8"] } },
    { token: { issuer: "https://other.example", subject: "ada", actors: ["agent-7"] } },
  ];
  for (const changes of callers) {
    expect(recordOf({ caller: { ...caller, ...changes }, client }).actor).not.toEqual(first.actor);
  }
  expect(recordOf({ group: undefined }).target).not.toEqual(first.target);
  expect(recordOf({ tool: undefined, requestedTool: "what it typed" }).target.name).toBe("what it typed");
  expect(recordOf().target).toEqual(first.target);
});

test("a secret that becomes known is in no record that is made after that", () => {
  const secret = "marlin-and-swordfish-42";
  const client = { ...sampleEvent("call.finished").client, userAgent: `agent ${secret}` };
  expect(recordOf({ client }).actor.user_agent).toContain(secret);
  knownSecrets.replace("remembered.test", [secret]);
  expect(JSON.stringify(recordOf({ client }))).not.toContain(secret);
});

test("only the latest are remembered", () => {
  const remembered = new Remembered<{ readonly at: number }>();
  for (let at = 0; at < 1_000; at++) remembered.set(`key-${at}`, { at });
  const kept = Array.from({ length: 1_000 }, (_each, at) => remembered.get(`key-${at}`)).filter(
    (each) => each !== undefined,
  );
  expect(kept.length).toBeLessThanOrEqual(256);
  expect(kept.at(-1)).toEqual({ at: 999 });
});
