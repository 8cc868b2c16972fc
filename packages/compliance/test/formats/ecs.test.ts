import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { describe, expect, test } from "vitest";
import { AUDIT_FIELDS, fieldOf } from "../../src/formats/audit-fields.ts";
import { ecsPlace } from "../../src/formats/ecs.ts";
import { EcsFormat } from "../../src/index.ts";
import { fullEntry, HOSTILE, hostileEntries } from "./entries.ts";

interface Field {
  readonly type: string;
  readonly array: boolean;
  readonly allowed?: Readonly<Record<string, readonly string[]>>;
}
const published = JSON.parse(await readFile(new URL("./ecs/ecs-fields.json", import.meta.url), "utf8")) as {
  readonly version: string;
  readonly fields: Readonly<Record<string, Field>>;
};

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  keyword: (value) => typeof value === "string",
  match_only_text: (value) => typeof value === "string",
  long: (value) => Number.isSafeInteger(value),
  integer: (value) => Number.isSafeInteger(value) && Math.abs(Number(value)) < 2 ** 31,
  date: (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
  ip: (value) => typeof value === "string" && isIP(value) !== 0,
};

/** What a document says that the published schema does not allow. Names under `mcp_hangar` are ours. */
function problems(document: object, before = ""): readonly string[] {
  return Object.entries(document).flatMap(([name, value]: [string, unknown]) => {
    const path = before + name;
    if (path === "mcp_hangar") return [];
    const field = published.fields[path];
    if (field === undefined) {
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? problems(value, `${path}.`)
        : [`${path} is no field`];
    }
    if (Array.isArray(value) !== field.array) return [`${path} is ${field.array ? "no" : "a"} list`];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.flatMap((one) => [
      ...(TYPES[field.type]?.(one) ? [] : [`${path} is no ${field.type}`]),
      ...(field.allowed === undefined || String(one) in field.allowed ? [] : [`${path} may not be ${String(one)}`]),
    ]);
  });
}

interface EcsDocument {
  readonly event: { readonly category: readonly string[]; readonly type: readonly string[] };
}

describe.each([["what is usual", undefined] as const, ...Object.entries(HOSTILE)])(
  "with %s in every field",
  (_, text) => {
    test("every type of record is what ECS describes, and has every field", () => {
      for (const entry of hostileEntries(text)) {
        const line = new EcsFormat().encode(entry);
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        const document = JSON.parse(line) as EcsDocument;
        expect(problems(document)).toEqual([]);
        // Of each category, ECS names the types that it expects.
        for (const category of document.event.category) {
          const expectedTypes = published.fields["event.category"]?.allowed?.[category] ?? [];
          expect(expectedTypes).toEqual(expect.arrayContaining([...document.event.type]));
        }
        for (const field of AUDIT_FIELDS) {
          const value = fieldOf(entry, field);
          if (value === undefined) continue;
          const found = at(document, ecsPlace(field).replace(" (ns)", ""));
          if (field === "duration_ms") expect(Number(found) / 1e6).toBe(value);
          else
            expect(JSON.stringify(found)).toBe(
              JSON.stringify(field === "rpc_error_code" ? String(entry.record.rpc_error_code) : wellFormed(value)),
            );
        }
      }
    });
  },
);

test("the version is that of the published schema", () => {
  expect(at(JSON.parse(new EcsFormat().encode(fullEntry())) as object, "ecs.version")).toBe(published.version);
});

test("a call of a tool is found by the names that ECS has for it", () => {
  expect(JSON.parse(new EcsFormat().encode(fullEntry()))).toMatchObject({
    event: { kind: "event", category: ["api"], type: ["access", "allowed"], outcome: "failure", duration: 12_345_000 },
    user: { name: "ada", roles: ["operator"] },
    source: { ip: "192.0.2.7" },
    gen_ai: { tool: { name: "add" }, response: { model: "large-1" } },
    error: { type: "tool_error", message: "tool_error (-32603)", code: "-32603" },
  });
});

function at(document: object, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((inner, name) => (inner as Readonly<Record<string, unknown>> | undefined)?.[name], document);
}

function wellFormed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
    typeof inner === "string" ? inner.toWellFormed() : inner,
  );
}
