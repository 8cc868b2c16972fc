import { expect, test } from "vitest";
import { defaultStack } from "../../test/defaults.ts";
import { catalogLock } from "./lock.ts";
import { InputUnusable, parseLock } from "./parse-lock.ts";

const lock = catalogLock(defaultStack);
const [metric] = lock.metrics;
if (metric === undefined) throw new Error("the catalog is empty");

function messageFor(content: unknown): string {
  try {
    parseLock(typeof content === "string" ? content : JSON.stringify(content), "old.json");
  } catch (error) {
    expect(error).toBeInstanceOf(InputUnusable);
    return (error as InputUnusable).message;
  }
  throw new Error("it was taken for a catalog");
}

test.each([
  ["an empty file", "", "old.json is not JSON. Give a catalog.json; perhaps it was cut short"],
  ["half a file", JSON.stringify(lock).slice(0, 999), "is not JSON"],
  ["another file", { name: "package", version: "1.0.0" }, 'its "kind" is not "mcp-hangar-catalog"'],
  ["null", null, "is no catalog of MCP Hangar"],
  ["a list", [], "is no catalog of MCP Hangar"],
  ["a file of a later version", { ...lock, format: 2 }, "format 2, and this version reads 1: a later version wrote it"],
  ["a file without a list", { ...lock, alerts: undefined }, "old.json is damaged: alerts: "],
  ["a key that is not known", { ...lock, panels: [] }, "old.json is damaged: the whole: "],
  ["a metric of no type", { ...lock, metrics: [{ ...metric, type: "summary" }] }, "metrics.[0].type: "],
  ["a metric that is there twice", { ...lock, metrics: [metric, metric] }, "metrics: a name occurs twice"],
  ["too many metrics", { ...lock, metrics: Array.from({ length: 1_001 }, () => metric) }, "metrics: Too big"],
  ["a name that is none", { ...lock, alerts: [{ name: "a b", labels: [] }] }, "alerts.[0].name: "],
  [
    "text that would control a terminal",
    { ...lock, metrics: [{ ...metric, help: "\u001b[2Jgone" }] },
    "metrics.[0].help: must not contain control characters",
  ],
])("%s is refused, and it is said why", (_, content, says) => {
  expect(messageFor(content)).toContain(says);
});

test("a message never quotes control characters of the file", () => {
  expect(messageFor({ ...lock, "\u001b[31m\u009b": 1 })).not.toMatch(/\p{Cc}/u);
});

test("a label or key named like a part of every object does no harm", () => {
  const odd = { ...lock, metrics: [{ ...metric, labels: [{ name: "__proto__", values: ["constructor"] }] }] };
  expect(parseLock(JSON.stringify(odd), "old.json")).toEqual(odd);
  expect(messageFor(JSON.stringify(lock).replace("{", '{"__proto__": {"polluted": true}, '))).toContain("damaged");
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});
