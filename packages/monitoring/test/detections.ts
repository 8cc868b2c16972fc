import { contextOf } from "../src/context.ts";
import type { BurnWindow, Scenario, Slo } from "../src/model.ts";
import { type BurnTeller, burnTeller } from "../src/scenarios/burn-teller.ts";
import { resolveOptions } from "../src/settings/options.ts";
import { detectionSeconds } from "../src/slo/detection.ts";
import { burnThreshold } from "../src/slo/slos.ts";
import { buildStack, type Stack } from "../src/stack.ts";
import { perform } from "./promtool.ts";

const options = resolveOptions();
const context = contextOf(options);
export const stack: Stack = buildStack(options);

/** An SLO, one of its windows, and a share of bad events that lasts. */
export interface Detection {
  readonly slo: Slo;
  readonly window: BurnWindow;
  readonly errorRatio: number;
  readonly teller: BurnTeller;
  /** Computed from the objective and the windows. */
  readonly seconds: number;
}

/** All SLOs and windows, each with total failure and two shares that are still beyond the threshold. */
export const detections: readonly Detection[] = stack.slos.flatMap((slo) =>
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
function scenarioOf({ teller, errorRatio, seconds }: Detection): Scenario {
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

/** Those that promtool sees detected at another time than they are computed to. */
export async function misjudged(
  some: readonly Detection[],
): Promise<readonly (readonly [string, string, number, number])[]> {
  const verdicts = await perform(some.map((each) => ({ stack, scenarios: [scenarioOf(each)] })));
  return some
    .filter((_, index) => verdicts[index] !== "")
    .map(({ slo, window, errorRatio, seconds }) => [slo.name, window.long, errorRatio, seconds]);
}
