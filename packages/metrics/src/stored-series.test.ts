import { Counter, Histogram } from "prom-client";
import { expect, test } from "vitest";
import { increase, observe, observeTraced, storedCounter, storedHistogram } from "./stored-series.ts";

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

test("an exemplar stands where prom-client puts it", () => {
  const bounds = [0.1, 1, 2.5];
  const parts = {
    name: "h",
    help: "H.",
    labelNames: ["a", "b"],
    buckets: bounds,
    registers: [],
    enableExemplars: true,
  };
  const [ours, theirs] = [new Histogram(parts), new Histogram(parts)];
  ours.zero(labels);
  theirs.zero(labels);
  const series = storedHistogram(ours, labels);
  for (const [at, value] of [0, 0.1, 0.2, 2.5, 2.6, 0.3, 9].entries()) {
    const traceId = String(at).repeat(32);
    observeTraced(series, bounds, { value, traceId, timeMs: 1_000 * at });
    theirs.observe({ labels, value, exemplarLabels: { trace_id: traceId } });
  }
  const withoutTime = ({ bucketExemplars = {}, ...others }: ReturnType<typeof storedHistogram>) => ({
    ...others,
    exemplars: Object.entries(bucketExemplars).map(([bound, each]) => [bound, each?.labelSet, each?.value]),
  });
  expect(withoutTime(series)).toEqual(withoutTime(storedHistogram(theirs, labels)));
  const seconds = bounds.concat(-1).map((bound) => series.bucketExemplars?.[bound]?.timestamp);
  expect(seconds).toEqual([1, 5, 3, 6]);
});

test("what is added to entries is what prom-client adds by itself", () => {
  const bounds = [0.1, 1, 2.5];
  const parts = { name: "h", help: "H.", labelNames: ["a", "b"], registers: [] };
  const [ours, theirs] = [0, 1].map(() => ({
    histogram: new Histogram({ ...parts, buckets: bounds }),
    counter: new Counter({ ...parts, name: "c_total" }),
  }));
  if (ours === undefined || theirs === undefined) throw new Error("there are two of each");
  ours.histogram.zero(labels);
  ours.counter.inc(labels, 0);
  const series = storedHistogram(ours.histogram, labels);
  const count = storedCounter(ours.counter, labels);
  // Each bound itself, what lies on either side of it, and what no histogram was made for.
  const values = bounds.flatMap((bound) => [bound, bound - 1e-9, bound + 1e-9]).concat(0, 1e12, Number.MAX_VALUE);
  for (const value of values) {
    observe(series, bounds, value);
    theirs.histogram.observe(labels, value);
    increase(count, value);
    theirs.counter.inc(labels, value);
  }
  expect(series).toEqual(storedHistogram(theirs.histogram, labels));
  expect(count).toEqual(storedCounter(theirs.counter, labels));
  for (const value of [Number.NaN, Infinity, -Infinity]) {
    expect(() => observe(series, bounds, value)).toThrow(TypeError);
    expect(() => theirs.histogram.observe(labels, value)).toThrow(TypeError);
  }
  for (const value of [-1, Infinity]) {
    expect(() => increase(count, value)).toThrow(TypeError);
    expect(() => theirs.counter.inc(labels, value)).toThrow();
  }
  // What prom-client takes for 0 at first and adds then, so that the counter is no number any more.
  expect(() => increase(count, Number.NaN)).toThrow(TypeError);
  expect(series).toEqual(storedHistogram(theirs.histogram, labels));
});
