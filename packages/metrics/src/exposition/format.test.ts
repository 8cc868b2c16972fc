import { describe, expect, test } from "vitest";
import { counterSampleName, formatExemplar, formatHeader, formatLabels, formatValue } from "./format.ts";

describe("values", () => {
  test.each([
    [0, "0"],
    [1.5, "1.5"],
    [1e21, "1e+21"],
    [5e-7, "5e-7"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
  ])("%d is written %s", (value, text) => {
    expect(formatValue(value)).toBe(text);
  });
});

describe("labels", () => {
  test.each([
    ['say "hi"', String.raw`tool="say \"hi\""`],
    ["line\nbreak", String.raw`tool="line\nbreak"`],
    ["back\\slash", String.raw`tool="back\\slash"`],
    ["\\n", String.raw`tool="\\n"`],
    ["grüße 🚀", 'tool="grüße 🚀"'],
    ["__proto__", 'tool="__proto__"'],
    ["", 'tool=""'],
  ])("%j is escaped", (value, text) => {
    expect(formatLabels({ tool: value })).toBe(text);
  });

  test("stand in the order in which they are given, without those that have no value", () => {
    expect(formatLabels({ b: "1", missing: undefined, a: "2" })).toBe('b="1",a="2"');
    expect(formatLabels({})).toBe("");
  });

  test("numbers are boundaries, with a decimal point", () => {
    expect(formatLabels({ le: 5 })).toBe('le="5.0"');
    expect(formatLabels({ quantile: 0.99 })).toBe('quantile="0.99"');
  });
});

describe("headers", () => {
  test("escape the help text as each format demands", () => {
    const help = 'A "quoted" \\ help\ntext';
    expect(formatHeader("x", "gauge", help, "text")).toBe('# HELP x A "quoted" \\\\ help\\ntext\n# TYPE x gauge\n');
    expect(formatHeader("x", "gauge", help, "openMetrics")).toBe(
      '# HELP x A \\"quoted\\" \\\\ help\\ntext\n# TYPE x gauge\n',
    );
  });

  test("name a counter without its suffix in OpenMetrics only", () => {
    expect(formatHeader("x_total", "counter", "X.", "text")).toContain("# TYPE x_total counter");
    expect(formatHeader("x_total", "counter", "X.", "openMetrics")).toContain("# TYPE x counter");
    expect(formatHeader("x_total", "gauge", "X.", "openMetrics")).toContain("# TYPE x_total gauge");
  });

  test("give a counter that lacks the suffix one in OpenMetrics", () => {
    expect(counterSampleName("x", "openMetrics")).toBe("x_total");
    expect(counterSampleName("x_total", "openMetrics")).toBe("x_total");
    expect(counterSampleName("x", "text")).toBe("x");
  });
});

test("an exemplar carries its labels, value and time", () => {
  expect(formatExemplar({ labelSet: { trace_id: "abc" }, value: 0.2, timestamp: 1700000000.5 })).toBe(
    ' # {trace_id="abc"} 0.2 1700000000.5',
  );
});
