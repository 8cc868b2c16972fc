import { describe, expect, it } from "vitest";
import type { JsonValue } from "../protocol/json-rpc.ts";
import { ResultPayload, summarise } from "../protocol/result-payload.ts";
import { type SeededRandom, seededRandom } from "../testing/index.ts";
import { readListPage } from "./list-page.ts";

/** Beyond what is parsed at once. */
const LONG = "x".repeat(70_000);

function page(json: string) {
  return readListPage(ResultPayload.ofJson(Buffer.from(json), summarise({})), "tools");
}

function anything(random: SeededRandom, depth: number): JsonValue {
  const leaf = random.pick<JsonValue>([
    null,
    true,
    -0.5,
    1e21,
    "",
    'a"b',
    "\\",
    "]},{[",
    "\u2028 ü 🎈 \ud800",
    " : , ",
  ]);
  if (depth === 0 || random.chance(0.4)) return leaf;
  const parts = Array.from({ length: random.integer(0, 4) }, () => anything(random, depth - 1));
  if (random.chance(0.5)) return parts;
  return Object.fromEntries(parts.map((part, at) => [random.pick(["tools", 'k"', "\\", "", `k${at}`]), part]));
}

/** JSON with blanks wherever they may be. */
function written(value: JsonValue, random: SeededRandom): string {
  const gap = (): string => (random.chance(0.2) ? random.pick([" ", "\t", "  "]) : "");
  const joined = (open: string, parts: readonly string[], close: string): string =>
    `${open}${gap()}${parts.join(`${gap()},${gap()}`)}${gap()}${close}`;
  if (Array.isArray(value)) {
    return joined(
      "[",
      (value as readonly JsonValue[]).map((item) => written(item, random)),
      "]",
    );
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}${gap()}:${gap()}${written(member ?? null, random)}`,
  );
  return joined("{", members, "}");
}

describe("a long page of a list", () => {
  it("has the items and the cursor that any parser finds in it", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 400; round++) {
      const result: Record<string, JsonValue> = { padding: LONG };
      for (const key of ["tools", "nextCursor", "other", "_meta"]) {
        if (random.chance(0.8)) result[key] = anything(random, 4);
      }
      if (random.chance(0.7)) result.tools = Array.from({ length: random.integer(0, 6) }, () => anything(random, 3));
      const json = written(result, random);
      const { tools, nextCursor } = JSON.parse(json) as Record<string, JsonValue>;
      const found = page(json);
      if (!Array.isArray(tools)) {
        expect(found, json.slice(70_000)).toBeUndefined();
        continue;
      }
      expect(found && [...found.items], json.slice(70_000)).toEqual(tools);
      expect(found?.nextCursor).toEqual(nextCursor);
    }
  });

  it("has the last of two lists of the same name, as for any parser", () => {
    expect([...(page(`{"x":"${LONG}","tools":[1],"\\u0074ools":[2]}`)?.items ?? [])]).toEqual([2]);
  });

  it("keeps numbers that no double holds", () => {
    const [item] = page(`{"x":"${LONG}","tools":[{"size":12345678901234567890}]}`)?.items ?? [];
    expect(JSON.stringify(item)).toBe('{"size":12345678901234567890}');
  });
});
