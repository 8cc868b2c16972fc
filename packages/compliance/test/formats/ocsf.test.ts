import { readFile } from "node:fs/promises";
import { AUDIT_TYPES } from "@mcp-hangar/telemetry";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { AUDIT_FIELDS, fieldOf } from "../../src/formats/audit-fields.ts";
import { ocsfPlace } from "../../src/formats/ocsf.ts";
import { type AuditEntry, OcsfFormat } from "../../src/index.ts";
import { entriesWith, fullEntry, HOSTILE, hostileEntries } from "./entries.ts";

const schema = JSON.parse(await readFile(new URL("./ocsf/ocsf-subset.json", import.meta.url), "utf8")) as object;
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(schema, "ocsf");

function validator(classUid: number): ValidateFunction {
  const found = ajv.getSchema(`ocsf#/$defs/class_${classUid}`);
  if (found === undefined) throw new Error(`the published schema has no class ${classUid}`);
  return found;
}

interface OcsfDocument {
  readonly class_uid: number;
  readonly [name: string]: unknown;
}

function encoded(entry: AuditEntry): OcsfDocument {
  const line = new OcsfFormat().encode(entry);
  expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  return JSON.parse(line) as OcsfDocument;
}

describe.each([["what is usual", undefined] as const, ...Object.entries(HOSTILE)])(
  "with %s in every field",
  (_, text) => {
    const entries = hostileEntries(text);

    test("every type of record is what OCSF describes", () => {
      for (const entry of entries) {
        const document = encoded(entry);
        const validate = validator(document.class_uid);
        expect(validate(document), `${entry.record.type}: ${ajv.errorsText(validate.errors)}`).toBe(true);
      }
    });

    test("every field of a record is somewhere in its event", () => {
      for (const entry of entries) {
        const found = new Set(leaves(encoded(entry)));
        for (const field of AUDIT_FIELDS) {
          const value = fieldOf(entry, field);
          for (const leaf of value === undefined ? [] : leaves(value)) {
            expect(found.has(leaf), `${entry.record.type} has ${field}`).toBe(true);
          }
        }
      }
    });
  },
);

test("each field of a tool call stands where the reference says", () => {
  const entry = fullEntry();
  const document = encoded(entry);
  for (const field of AUDIT_FIELDS) {
    const value = fieldOf(entry, field);
    expect(value, field).toBeDefined();
    const [path = ""] = ocsfPlace(field).split(/,| \(/);
    if (field === "time") expect(at(document, path)).toBe(Date.parse(entry.record.time));
    else
      expect(at(document, path), path).toEqual(
        field === "rpc_error_code" ? String(entry.record.rpc_error_code) : value,
      );
  }
});

test("each type of record has the class that fits it", () => {
  const classes = new Map(entriesWith().map((entry) => [entry.record.type, encoded(entry).class_name]));
  expect([...classes.keys()].toSorted()).toEqual(Object.keys(AUDIT_TYPES).toSorted());
  expect(Object.fromEntries(classes)).toMatchObject({
    "tool.call.denied": "API Activity",
    "request.completed": "API Activity",
    "operation.completed": "API Activity",
    "access.denied": "API Activity",
    "authentication.failed": "Authentication",
    "authentication.succeeded": "Authentication",
    "session.opened": "Authentication",
    "server.state_changed": "Application Lifecycle",
    "configuration.reloaded": "Application Lifecycle",
    "gateway.started": "Application Lifecycle",
  });
});

test("who acts on behalf of another is an agent under delegated authority, and the hash of the journal an attestation", () => {
  expect(encoded(fullEntry())).toMatchObject({
    metadata: { profiles: ["ai_operation", "record_integrity", "security_control", "trace"] },
    actor: { user: { name: "ada" } },
    ai_agent: { uid: "agent-7" },
    delegation: { issuer_uid: "https://issuer.example" },
    attestation_list: [{ chain_uid: "gateway-1", fingerprint: { algorithm_id: 3, value: "0f".repeat(32) } }],
  });
});

test("a record of a category that this release does not know is a Base Event", () => {
  const { record, place } = fullEntry();
  // As a journal of a later release may hold it.
  const later = { ...record, category: "weather", type: "weather.changed" } as unknown as typeof record;
  const document = encoded({ record: later, ...(place && { place }) });
  expect(document).toMatchObject({ class_uid: 0, activity_name: "call", metadata: { type: "weather.changed" } });
  const validate = validator(0);
  expect(validate(document), ajv.errorsText(validate.errors)).toBe(true);
});

/** Every text and number in a value; numbers as text, because OCSF wants some as text. */
function leaves(value: unknown): readonly string[] {
  if (typeof value === "string") return [value.toWellFormed()];
  if (typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/** What stands under a path; `[]` is the first of a list. */
function at(document: object, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, name) => {
    const isList = name.endsWith("[]");
    const found = (inner as Readonly<Record<string, unknown>> | undefined)?.[isList ? name.slice(0, -2) : name];
    return isList ? (found as readonly unknown[] | undefined)?.[0] : found;
  }, document);
}
