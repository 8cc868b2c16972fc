import { describe, expect, it } from "vitest";
import type { JsonValue } from "../protocol/json-rpc.ts";
import { othersOf, saidOf } from "./said.ts";
import { readTask, withIdRenamed } from "./task-messages.ts";

const TIME = "2026-01-01T00:00:00Z";

describe("a task as a server describes it", () => {
  it.each<[JsonValue | undefined]>([
    [undefined],
    [null],
    ["1"],
    [["1"]],
    [{}],
    [{ taskId: 1 }],
    [{ taskId: "" }],
    [{ taskId: null }],
    [{ taskId: ["1"] }],
    [{ taskId: "x".repeat(1_025) }],
  ])("is none without an id by which it could be asked for (%j)", (described) => {
    expect(readTask(described)).toBeUndefined();
  });

  it.each(["1", "__proto__", "constructor", "x".repeat(1_024), "a\nb", "\ud800"])("may have the id %j", (taskId) => {
    expect(readTask({ taskId, status: "completed" })).toMatchObject({ id: taskId, status: "completed" });
  });

  it.each<[JsonValue, number | undefined]>([
    [null, undefined],
    ["5000", undefined],
    [{}, undefined],
    [-5, undefined],
    [0, undefined],
    [0.5, 1_000],
    [999, 1_000],
    [5_000, 5_000],
    [1e308, 1e308],
  ])("lives, with ttl %j, for %j ms", (ttl, ttlMs) => {
    expect(readTask({ taskId: "1", ttl })?.ttlMs).toBe(ttlMs);
  });

  it.each<[JsonValue]>([["done"], [5], [null], [{}], ["__proto__"]])("works while its status is %j", (status) => {
    expect(readTask({ taskId: "1", status })?.status).toBe("working");
  });

  it("is told with what is of the right kind and size only, and with what else it has as it came", () => {
    const right = { statusMessage: "thinking", createdAt: TIME, lastUpdatedAt: TIME, pollInterval: 50 };
    expect(saidOf(right)).toEqual(right);
    for (const wrong of [5, null, [], {}, true] satisfies JsonValue[]) {
      const said = { statusMessage: wrong, createdAt: wrong, lastUpdatedAt: wrong };
      expect(saidOf({ ...said, pollInterval: wrong === 5 ? -5 : wrong })).toEqual({});
    }
    expect(saidOf({ createdAt: "yesterday", lastUpdatedAt: TIME.padEnd(100_000), pollInterval: "50" })).toEqual({});
    expect(saidOf({ statusMessage: "x".repeat(100_000) }).statusMessage?.length).toBeLessThanOrEqual(10_001);
    expect(saidOf({ pollInterval: 1e308 })).toEqual({ pollInterval: 3_600_000 });
    expect(saidOf({ pollInterval: 0 })).toEqual({});
    expect(othersOf({ ...right, _meta: 5, other: { any: "thing" } })).toEqual({ other: { any: "thing" } });
    expect(othersOf({ ...right, _meta: { own: 1 } })).toEqual({ _meta: { own: 1 } });
  });
});

describe("words of a server about a task", () => {
  it.each([
    ["Task 1 not found", "1", "Task T not found"],
    ['Task "1" not found', "1", 'Task "T" not found'],
    ["Task 1: 11 of 1.000 in 1st, a1 and 1-1", "1", "Task T: 11 of T.000 in 1st, a1 and 1-1"],
    ["a lost task", "a", "T lost task"],
    ["nothing", "1", "nothing"],
    ["a.b*c and aXbXc", "a.b*c", "T and aXbXc"],
    ["$& $1", "$&", "T $1"],
    ["aaa aa", "aa", "aaa T"],
    ["", "1", ""],
  ])("%j have the id that its client knows in place of %j", (text, upstreamId, renamed) => {
    expect(withIdRenamed(text, upstreamId, "T")).toBe(renamed);
  });

  it("do not grow by much, and cost little, however often they name it", () => {
    for (const text of ["1 ".repeat(1_000_000), "1".repeat(1_000_000), "x".repeat(1_000_000)]) {
      const renamed = withIdRenamed(text, "1", "T".repeat(50));
      expect(renamed.length - text.length).toBeLessThan(500);
    }
  });
});
