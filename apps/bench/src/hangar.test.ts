import { expect, test } from "vitest";
import { parseOptions } from "./options.ts";
import { run } from "./run.ts";

test("the gateway answers every call rightly and gets its figures", async () => {
  const parsed = parseOptions([
    "--seconds=0.05",
    "--rounds=1",
    "--from-sources",
    "--contenders=hangar,bare",
    "--only=throughput,stdio,large-results",
  ]);
  if (parsed.help) throw new Error("no help was asked for");
  const { figures } = await run(parsed.options, () => {});
  const found = Object.fromEntries(figures.map(({ id, value }) => [id, value]));
  for (const id of ["throughput.16.ratio_bare", "throughput.32.cpu", "stdio.16.cpu", "large.16.cpu"]) {
    expect(found[id], id).toBeGreaterThanOrEqual(0);
  }
});

test("what exporters cost is measured with exports that arrive, and what their faults cost calls", async () => {
  const parsed = parseOptions(["--seconds=0.05", "--rounds=1", "--from-sources", "--only=exporters,exporter-faults"]);
  if (parsed.help) throw new Error("no help was asked for");
  const { figures } = await run(parsed.options, () => {});
  const found = Object.fromEntries(figures.map(({ id, value }) => [id, value]));
  const ids = ["tracing_at_1", "tracing_at_100", "langfuse", "otlp_audit", "everything"];
  for (const id of ids) expect(found[`exporters.${id}.throughput_ratio`], id).toBeGreaterThan(0);
  for (const id of ["well_again", "hangs", "answers_503"]) {
    expect(found[`exporter-faults.${id}.p99_ratio`], id).toBeGreaterThan(0);
  }
});
