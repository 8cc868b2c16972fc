import { Counter, Histogram } from "prom-client";
import { expect, test } from "vitest";
import { storedCounter, storedHistogram } from "./stored-series.ts";

const labels = { b: "2", a: "1" };

test("the entry of a counter follows its increments", () => {
  const counter = new Counter({ name: "c_total", help: "C.", labelNames: ["a", "b"], registers: [] });
  counter.inc(labels, 0);
  const stored = storedCounter(counter, labels);
  counter.inc({ a: "1", b: "2" }, 3);
  expect(stored.value).toBe(3);
});

test("the entry of a histogram follows its observations", () => {
  const histogram = new Histogram({ name: "h", help: "H.", labelNames: ["a", "b"], buckets: [1, 2], registers: [] });
  histogram.zero(labels);
  const stored = storedHistogram(histogram, labels);
  histogram.observe(labels, 1.5);
  histogram.observe(labels, 5);
  expect(stored).toMatchObject({ count: 2, sum: 6.5, bucketValues: { "1": 0, "2": 1 } });
});

test("a series that prom-client does not have is an error, not a zero", () => {
  const counter = new Counter({ name: "c_total", help: "C.", labelNames: ["a"], registers: [] });
  expect(() => storedCounter(counter, { a: "1" })).toThrow('prom-client keeps no series "a:1," of c_total');
});
