import { burnThreshold } from "../slo/slos.ts";
import type { Check } from "./check.ts";

/** Burn factor × (1 − objective) is below 1: at 90 % a factor of 14.4 asks for 144 % errors. */
export const burnRateReachable: Check = {
  name: "burn-rate-reachable",
  run({ slos }) {
    return slos.flatMap((slo) =>
      slo.windows.flatMap((window) => {
        const threshold = burnThreshold(slo, window);
        if (threshold > 0 && threshold < 1) return [];
        return [
          {
            subject: `SLO ${slo.name}, window ${window.long}`,
            problem: `the error ratio would have to exceed ${threshold}, which is ${window.factor} × (1 − ${slo.objective})`,
            mend: "use a higher objective below 1, a smaller share of the budget, or a longer window",
          },
        ];
      }),
    );
  },
};
