import { describe, expect, it } from "vitest";
import type { JsonValue } from "../protocol/json-rpc.ts";
import { logMessageLine } from "./log-message-line.ts";

describe("a log message as a line", () => {
  it.each([
    [{ level: "info", data: "ready" }, "[log] info: ready"],
    [
      { level: "error", logger: "db", data: { code: 7, tags: ["a", null, true] } },
      '[log] error db: {"code":7,"tags":["a",null,true]}',
    ],
    [{ level: 7, logger: {}, data: undefined }, "[log] unknown: "],
    [{ level: "info", data: "one\r\ntwo\u2028three" }, "[log] info: one two three"],
    [{ level: "info", data: "\u001b[31mred\u001b[0m\u001b]0;title\u0007" }, "[log] info: red"],
  ])("%j", (params, line) => {
    expect(logMessageLine(params)).toBe(line);
  });

  it("is short, however large, wide or deep the message is", () => {
    let deep: JsonValue = "x";
    for (let depth = 0; depth < 500; depth++) deep = depth % 2 === 0 ? [deep] : { k: deep };
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key ${index}`, index]));
    for (const data of ["x".repeat(10_000_000), deep, wide, Array(100_000).fill(wide)] as JsonValue[]) {
      const line = logMessageLine({ level: "x".repeat(1_000_000), logger: "y".repeat(1_000_000), data });
      expect(line.length).toBeLessThanOrEqual(2_000);
      expect(logMessageLine({ level: "info", data }).length).toBeLessThanOrEqual(2_000);
    }
  });
});
