import { expect, test } from "vitest";
import { relevantChanges } from "./kubernetes-changes.ts";

function object(name: string, mark?: string): object {
  const annotations = mark === undefined ? undefined : { "mcp.hangar.io/enable": mark };
  return { metadata: { name, namespace: "tools", annotations } };
}

test("changes matter of objects that are marked, and of those that were", () => {
  const matters = relevantChanges([object("weather", "true"), object("database")]);
  const history: [string, object, boolean][] = [
    ["MODIFIED", object("weather", "true"), true],
    ["MODIFIED", object("database"), false],
    ["ADDED", object("cache"), false],
    ["MODIFIED", object("database", "true"), true],
    ["MODIFIED", object("database", "false"), true],
    ["MODIFIED", object("database", "false"), false],
    ["DELETED", object("weather", "true"), true],
    ["ADDED", object("weather"), false],
    ["ADDED", { metadata: { name: "weather", namespace: "elsewhere" } }, false],
  ];
  for (const [type, changed, expected] of history) {
    expect(matters({ type, object: changed }), `${type} ${JSON.stringify(changed)}`).toBe(expected);
  }
});

test.each([null, "text", [], {}, { metadata: {} }, { metadata: { name: 1 } }, { kind: "Status", code: 500 }])(
  "what is no object does not matter: %j",
  (changed) => {
    expect(relevantChanges([changed])({ type: "BOOKMARK", object: changed })).toBe(false);
  },
);
