import { describe, expect, test } from "vitest";
import { parseOpenMetrics } from "./parse.ts";

const VALID = `# HELP calls Finished calls, with a "quote" and a \\\\ backslash.
# TYPE calls counter
calls_total{tool="a\\"b\\\\c\\n"} 3 # {trace_id="4bf92f"} 0.5 1520879607.789
calls_total{tool="other"} 0
# TYPE load gauge
load -1.5
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_bucket{tool="a",le="0.5"} 1 # {trace_id="x"} 0.1
latency_seconds_bucket{tool="a",le="1.0"} 1
latency_seconds_bucket{tool="a",le="+Inf"} 2
latency_seconds_sum{tool="a"} 2.5
latency_seconds_count{tool="a"} 2
# EOF
`;

describe("the strict OpenMetrics parser", () => {
  test("reads a valid page", () => {
    const families = parseOpenMetrics(VALID);
    expect([...families.keys()]).toEqual(["calls", "load", "latency_seconds"]);
    const [first] = families.get("calls")?.samples ?? [];
    expect(first?.labels).toEqual({ tool: 'a"b\\c\n' });
    expect(first?.exemplar).toEqual({ labels: { trace_id: "4bf92f" }, value: 0.5, timestamp: 1520879607.789 });
    expect(families.get("load")?.samples[0]?.value).toBe(-1.5);
  });

  test.each([
    ["a missing end", (page: string) => page.replace("# EOF\n", "")],
    ["an end without a line feed", (page: string) => page.slice(0, -1)],
    ["an end in the middle", (page: string) => page.replace("# TYPE load", "# EOF\n# TYPE load")],
    ["a blank line", (page: string) => page.replace("# TYPE load", "\n# TYPE load")],
    ["a free comment", (page: string) => page.replace("# TYPE load", "# load\n# TYPE load")],
    ["an unknown type", (page: string) => page.replace("load gauge", "load meter")],
    ["a counter named with _total", (page: string) => page.replace("TYPE calls ", "TYPE calls_total ")],
    [
      "a counter sample without _total",
      (page: string) => page.replace('calls_total{tool="other"}', 'calls{tool="other"}'),
    ],
    ["a negative counter", (page: string) => page.replace('{tool="other"} 0', '{tool="other"} -1')],
    ["a family in two pieces", (page: string) => page.replace("# EOF", 'calls_total{tool="z"} 1\n# EOF')],
    ["a family twice", (page: string) => page.replace("# EOF", "# TYPE load gauge\n# EOF")],
    ["a TYPE twice", (page: string) => page.replace("load gauge", "load gauge\n# TYPE load gauge")],
    ["metadata after samples", (page: string) => page.replace("load -1.5", "load -1.5\n# HELP load Load.")],
    ["a series twice", (page: string) => page.replace("load -1.5", "load -1.5\nload 2")],
    ["a label twice", (page: string) => page.replace('{tool="other"}', '{tool="other",tool="b"}')],
    ["a comma after the last label", (page: string) => page.replace('{tool="other"}', '{tool="other",}')],
    ["an unknown escape", (page: string) => page.replace('"other"', '"o\\ther"')],
    ["two spaces", (page: string) => page.replace("load -1.5", "load  -1.5")],
    ["a value that is no number", (page: string) => page.replace("load -1.5", "load high")],
    ["a unit that the name lacks", (page: string) => page.replace("latency_seconds seconds", "latency_seconds bytes")],
    ["no +Inf bucket", (page: string) => page.replace(/.*\+Inf.*\n/, "")],
    ["buckets out of order", (page: string) => page.replace('le="1.0"', 'le="0.25"')],
    ["buckets that shrink", (page: string) => page.replace('le="1.0"} 1', 'le="1.0"} 0')],
    ["a bound that is not a number", (page: string) => page.replace('le="1.0"', 'le="one"')],
    ["a count that differs from +Inf", (page: string) => page.replace('_count{tool="a"} 2', '_count{tool="a"} 3')],
    ["no sum", (page: string) => page.replace(/.*_sum.*\n/, "")],
    ["an exemplar on a gauge", (page: string) => page.replace("load -1.5", 'load -1.5 # {a="b"} 1')],
    ["an exemplar that is too long", (page: string) => page.replace("4bf92f", "x".repeat(130))],
    ["interleaved label sets", (page: string) => page.replace('_sum{tool="a"}', '_sum{tool="b"}')],
  ])("refuses %s", (_name, spoil) => {
    expect(spoil(VALID)).not.toBe(VALID);
    expect(() => parseOpenMetrics(spoil(VALID))).toThrow("not OpenMetrics");
  });
});
