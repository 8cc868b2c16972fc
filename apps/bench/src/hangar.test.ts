import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseOptions } from "./options.ts";
import { figuresOf } from "./report/figure.ts";
import type { KeptRun } from "./report/kept-run.ts";
import { run } from "./run.ts";

function keptIds(): readonly string[] {
  const kept: KeptRun = JSON.parse(readFileSync(new URL("../../../docs/performance.json", import.meta.url), "utf8"));
  return figuresOf(kept.sections).map(({ id }) => id);
}

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
  // The page of the documentation shows a run whose figures are still those of today.
  const shown = keptIds().filter((id) => id.startsWith("large."));
  expect(shown).not.toEqual([]);
  expect(Object.keys(found)).toEqual(expect.arrayContaining(shown));
  for (const id of ["throughput.16.ratio_bare", "throughput.32.cpu", "stdio.16.cpu", "large.16.cpu"]) {
    expect(found[id], id).toBeGreaterThanOrEqual(0);
  }
});
