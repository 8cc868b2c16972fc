import { expect, test } from "vitest";
import { parseOptions } from "../src/options.ts";
import { figuresOf } from "../src/report/figure.ts";
import { run } from "../src/run.ts";

test("what exporters cost is measured with exports that arrive, and what their faults cost calls", async () => {
  const parsed = parseOptions(["--seconds=0.05", "--rounds=1", "--from-sources", "--only=exporters,exporter-faults"]);
  if (parsed.help) throw new Error("no help was asked for");
  const figures = figuresOf(await run(parsed.options, () => {}));
  const found = Object.fromEntries(figures.map(({ id, value }) => [id, value]));
  const ids = ["tracing_at_1", "tracing_at_100", "langfuse", "otlp_audit", "everything"];
  for (const id of ids) expect(found[`exporters.${id}.throughput_ratio`], id).toBeGreaterThan(0);
  for (const id of ["well_again", "hangs", "answers_503"]) {
    expect(found[`exporter-faults.${id}.p99_ratio`], id).toBeGreaterThan(0);
  }
});
