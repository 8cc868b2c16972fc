import { catalog } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import type { RecordingRule } from "../../src/model.ts";
import type { BinaryOperator, Node, SelectorNode } from "../../src/promql/node.ts";
import { printPromql } from "../../src/promql/print.ts";
import { vector } from "../../src/promql/vector.ts";
import { defaultStack } from "../defaults.ts";
import { rulesBehind } from "../promtool.ts";
import { calling, counting, scraped } from "./incident.ts";
import { canHaveValue, touchedRules } from "./touched.ts";

const stack = defaultStack;
const idsOf = (alerts: readonly { readonly id: string }[]): readonly string[] => alerts.map(({ id }) => id);

describe("an expression", () => {
  const there: SelectorNode = { kind: "selector", metric: catalog.toolCalls, suffix: "", matchers: [] };
  const missing: SelectorNode = { ...there, metric: catalog.batchItems };
  const number: Node = { kind: "number", value: 1 };
  const can = (node: Node): boolean => canHaveValue(node, (selector) => selector === there);
  const joined = (operator: BinaryOperator, left: Node, right: Node): Node => ({
    kind: "binary",
    operator,
    left,
    right,
  });
  const called = (name: string, ...given: readonly Node[]): Node => ({ kind: "call", name, arguments: given });

  it.each([
    ["a number", number, true],
    ["what is there", there, true],
    ["what is missing", missing, false],
    ["a rate of what is there", called("rate", there), true],
    ["a rate of what is missing", called("rate", missing), false],
    ["a limit of what is missing", called("clamp_min", missing, number), false],
    ["the time", called("time"), true],
    ["a constant", called("vector", number), true],
    ["the absence of what is missing", called("absent", missing), true],
    ["the absence of what is there at times", called("absent", there), true],
    [
      "a sum of what is missing",
      { kind: "aggregate", operator: "sum", grouping: undefined, parameter: undefined, of: missing },
      false,
    ],
    ["a part, of what is missing", joined("/", missing, there), false],
    ["a part, by what is missing", joined("/", there, missing), false],
    ["a comparison with a number", joined(">", there, number), true],
    ["a comparison of what is missing", joined(">", missing, number), false],
    ["both, of which one is missing", joined("and", there, missing), false],
    ["either, of which the first is missing", joined("or", missing, there), true],
    ["either, of which both are missing", joined("or", missing, missing), false],
    ["what is there, unless what is missing", joined("unless", there, missing), true],
    ["what is missing, unless what is there", joined("unless", missing, there), false],
  ] satisfies readonly (readonly [string, Node, boolean])[])("%s", (_what, node, expected) => {
    expect(can(node)).toBe(expected);
  });
});

describe("rules", () => {
  it("without any series, those are kept that tell of an absence, and the constants", () => {
    const { alerts, recordingRules } = touchedRules(stack, []);
    expect(idsOf(alerts)).toEqual(["MCPHangarNotResponding", "MCPHangarWatchdog"]);
    expect(recordingRules.map(({ expr }) => printPromql(expr))).toEqual(
      stack.slos.map(({ objective }) => `vector(${objective})`),
    );
  });

  it("are kept with all that they stand upon, and are a part of all", () => {
    const { alerts, recordingRules } = touchedRules(stack, [scraped(1), ...calling({}, [1, 1, 1])]);
    expect(idsOf(alerts)).toEqual(expect.arrayContaining(["MCPHangarHighErrorRate", "MCPHangarErrorsBudgetBurn:1h"]));
    expect(idsOf(alerts)).not.toContain("MCPHangarBatchHighFailureRate");
    const behind = rulesBehind(
      alerts.map(({ expr }) => expr),
      stack.recordingRules,
    );
    const kept = new Set<RecordingRule>(recordingRules);
    const notKept = [...behind].filter((rule) => !kept.has(rule));
    expect(touchedRules({ alerts: [], recordingRules: notKept }, [scraped(1), ...calling({}, [1, 1, 1])])).toEqual({
      alerts: [],
      recordingRules: [],
    });
    expect(alerts.length).toBeLessThan(stack.alerts.length / 2);
  });

  it("are told apart by the values of labels that they select", () => {
    const [rule] = stack.recordingRules;
    if (rule === undefined) throw new Error("there are recording rules");
    const expr = vector<"status", "counter">({
      kind: "selector",
      metric: catalog.toolCalls,
      suffix: "",
      matchers: [{ label: "status", operator: "=~", values: ["error", "timeout"] }],
    });
    const failing = { ...rule, expr };
    const keptWith = (status: string) =>
      touchedRules({ alerts: [], recordingRules: [failing] }, [counting(catalog.toolCalls, { status }, [1, 1])])
        .recordingRules;
    expect(keptWith("success")).toEqual([]);
    expect(keptWith("timeout")).toEqual([failing]);
  });
});
