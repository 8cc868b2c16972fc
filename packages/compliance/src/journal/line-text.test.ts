import { canonicalJson } from "@mcp-hangar/delivery";
import { seededRandom } from "@mcp-hangar/delivery/testing";
import { type AuditRecord, auditRecordOf, type HangarEventType } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { expect, test } from "vitest";
import { lineText } from "./line-text.ts";

const PREVIOUS = "a".repeat(64);
const HASH = "b".repeat(64);
const HOSTILE = [
  "",
  "\0\u001f\u007f\u0085",
  '"quoted" \\ back\\\\slash',
  "\r\n\t\b\f",
  "\u2028\u2029",
  "🦜 and ü and \ufffe",
  "\ud800 alone, \udc00 alone",
  ',"previous":"',
  `","previous":"${PREVIOUS}","`,
  "__proto__",
];

function recordOf(type: HangarEventType): AuditRecord {
  const record = auditRecordOf(sampleEvent(type), { id: "id", instance: "run" });
  if (record === undefined) throw new Error(`${type} is audited`);
  return record;
}

/** The value with some of its texts and numbers replaced. */
function altered(value: unknown, random: () => number): unknown {
  if (typeof value === "string" && random() < 0.3) return HOSTILE[Math.floor(random() * HOSTILE.length)];
  if (typeof value === "number" && random() < 0.3)
    return [-0, 1e21, 1e-7, 0.1 + 0.2, -5, 2 ** 53][Math.floor(random() * 6)];
  if (Array.isArray(value)) return value.map((each: unknown) => altered(each, random));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, altered(each, random)]));
}

const everything = {
  ...recordOf("call.finished"),
  rpc_error_code: -32_000,
  reason: "upstream_error",
  usage: { cost: 0.25, currency: "EUR", model: "m", input_tokens: 3, output_tokens: 4 },
  batch: { id: "b", index: 0, attempt: 1 },
  change: { before: "one", after: "two" },
  gap: { reason: "size", count: 2, from: 1, to: 2, since: "s", until: "u" },
  checkpoint: { journal: "j", sequence: 1, hash: HASH, reason: "interval", key: "k", signature: "s" },
  message: "it happened",
  args_hash: HASH,
  captured: { arguments: "a.b.c.d.e", result: "a.b.c.d.f", omitted: "busy" },
} satisfies AuditRecord;

test("a line is what the library for canonical JSON writes, whatever its texts are", () => {
  const records = [
    everything,
    ...(["request.finished", "operation.finished", "session.closed"] as const).map(recordOf),
  ];
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    for (const record of records) {
      const changed = altered(record, random) as AuditRecord;
      const place = { sequence: seed, previous: PREVIOUS };
      expect(lineText(changed, place)?.text, `seed ${seed}`).toBe(canonicalJson({ ...changed, ...place }));
    }
  }
});

test("a record that has more than this release knows, or something else, is left to the library", () => {
  const place = { sequence: 1, previous: PREVIOUS };
  const more = { later: "x" };
  expect(lineText({ ...everything, ...more }, place)).toBeUndefined();
  expect(lineText({ ...everything, actor: { ...everything.actor, ...more } }, place)).toBeUndefined();
  expect(lineText({ ...everything, duration_ms: Number.NaN }, place)).toBeUndefined();
  expect(lineText({ ...everything, ...place }, place)).toBeUndefined();
  const { action: _action, ...inactive } = everything;
  expect(lineText(inactive as AuditRecord, place)).toBeUndefined();
  for (const wrong of [
    { time: new Date() },
    { actor: null },
    { actor: "ada" },
    { target: 7 },
    { attempts: "many" },
    { attempts: [undefined] },
    { attempts: [null] },
    { id: 7 },
    { type: 7 },
    { message: undefined },
    { attempts: [{ server: "math", code: "success" }] },
    { attempts: [{ server: "math", code: "success", duration_ms: 1, later: "x" }] },
    { attempts: [{ server: "math", code: "success", duration_ms: Number.NaN }] },
    { decision: { result: "allowed", by: undefined } },
    { decision: { result: "allowed", by: "open", later: "x" } },
    { decision: null },
    { captured: ["a"] },
  ]) {
    expect(lineText({ ...everything, ...(wrong as object) }, place)).toBeUndefined();
  }
});
