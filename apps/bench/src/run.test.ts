import { expect, test } from "vitest";
import { type BenchOptions, parseOptions } from "./options.ts";
import { figuresOf } from "./report/figure.ts";
import { run } from "./run.ts";

function quick(...args: string[]): BenchOptions {
  const parsed = parseOptions(["--seconds", "0.05", "--rounds", "1", ...args]);
  if (parsed.help) throw new Error("no help was asked for");
  return parsed.options;
}

test("the references answer every call rightly over HTTP, in both eras", async () => {
  for (const era of ["legacy", "modern"]) {
    const [section] = await run(
      quick("--era", era, "--only", "throughput", "--contenders", "direct,sdk,bare"),
      () => {},
    );
    expect(section?.tables).toHaveLength(3);
    for (const { rows } of section?.tables ?? []) {
      expect(rows.map(([name]) => name)).toEqual(["direct", "sdk", "bare"]);
      for (const [, callsPerSecond] of rows) expect(Number(callsPerSecond?.replaceAll(",", ""))).toBeGreaterThan(0);
    }
  }
});

test("a contender or scenario that does not exist is refused by name", async () => {
  await expect(run(quick("--only", "thruput"), () => {})).rejects.toThrow(
    "--only names thruput; give some of peers, relay, throughput, stdio",
  );
  await expect(run(quick("--contenders", "nginx"), () => {})).rejects.toThrow("--contenders names nginx");
});

test("the monitoring is generated and timed, cold and warm", async () => {
  const figures = figuresOf(await run(quick("--from-sources", "--only", "monitoring"), () => {}));
  expect(figures.map(({ id }) => id)).toEqual(["monitoring.cold", "monitoring.warm"]);
  for (const { value } of figures) expect(value).toBeGreaterThan(0);
});
