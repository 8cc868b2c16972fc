import { describe, expect, test } from "vitest";
import { contextOf } from "../src/context.ts";
import type { BurnWindow, Scenario, Slo } from "../src/model.ts";
import { toSeconds } from "../src/promql/duration.ts";
import { type BurnTeller, burnTeller } from "../src/scenarios/burn-teller.ts";
import { resolveOptions } from "../src/settings/options.ts";
import { detectionSeconds } from "../src/slo/detection.ts";
import { burnThreshold } from "../src/slo/slos.ts";
import { buildStack } from "../src/stack.ts";
import { perform } from "./promtool.ts";

const options = resolveOptions();
const context = contextOf(options);
const stack = buildStack(options);

interface Case {
  readonly slo: Slo;
  readonly window: BurnWindow;
  readonly errorRatio: number;
  readonly teller: BurnTeller;
  /** Computed from the objective and the windows. */
  readonly seconds: number;
}

/** All SLOs and windows, each with total failure and two shares that are still beyond the threshold. */
const cases: readonly Case[] = stack.slos.flatMap((slo) =>
  slo.windows.flatMap((window) => {
    const alert = stack.alerts.find(({ labels }) => labels.slo === slo.name && labels.long_window === window.long);
    if (alert === undefined) throw new Error(`${slo.name} has no alert for ${window.long}`);
    const teller = burnTeller(context, slo, window, alert);
    const threshold = burnThreshold(slo, window);
    return [1, (1 + threshold) / 2, Math.min(0.95, threshold * 1.3)].map((errorRatio) => {
      const seconds = detectionSeconds(slo, window, errorRatio, teller.clock.base);
      if (seconds === undefined) throw new Error(`${errorRatio} is not beyond ${threshold}`);
      return { slo, window, errorRatio, teller, seconds };
    });
  }),
);

/** Silent until one evaluation before the computed time, firing one evaluation after it. */
function scenarioOf({ teller, errorRatio, seconds }: Case): Scenario {
  const { clock, long, scenario, expectation } = teller;
  const [before, after] = [Math.ceil(seconds / clock.step) - 2, Math.ceil(seconds / clock.step) + 1];
  return scenario(
    "fires",
    `a share of ${errorRatio} is bad`,
    [
      { errorRatio: 0, steps: long },
      { errorRatio, steps: after },
    ],
    { expect: [expectation(long + before, false), expectation(long + after, true)] },
  );
}

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees burn-rate alerts fire when they are computed to", { timeout: 240_000 }, async () => {
    const verdicts = await perform(cases.map((each) => ({ stack, scenarios: [scenarioOf(each)] })));
    const wrong = cases.filter((_, index) => verdicts[index] !== "");
    expect(wrong.map(({ slo, window, errorRatio, seconds }) => [slo.name, window.long, errorRatio, seconds])).toEqual(
      [],
    );
  });
});

test("a share that the objective allows is never detected", () => {
  for (const { slo, window } of cases) {
    expect(detectionSeconds(slo, window, burnThreshold(slo, window), 300)).toBeUndefined();
    expect(detectionSeconds(slo, window, 0, 0)).toBeUndefined();
  }
});

test("a total outage is detected after the share of the long window that is allowed to be bad", () => {
  const [availability] = stack.slos;
  const [page] = availability?.windows ?? [];
  if (availability === undefined || page === undefined) throw new Error("there is no SLO");
  // 14.4 × 0.1 % of an hour, and then the two minutes of `for`.
  expect(detectionSeconds(availability, page, 1, 0)).toBeCloseTo(0.0144 * 3_600 + toSeconds("2m"), 9);
});
