import { expect, test } from "vitest";
import { parseOptions } from "./options.ts";
import { figuresOf } from "./report/figure.ts";
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
  const figures = figuresOf(await run(parsed.options, () => {}));
  const found = Object.fromEntries(figures.map(({ id, value }) => [id, value]));
  for (const id of ["throughput.16.ratio_bare", "throughput.32.cpu", "stdio.16.cpu", "large.16.cpu"]) {
    expect(found[id], id).toBeGreaterThanOrEqual(0);
  }
});
