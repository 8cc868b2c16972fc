import type { Stack } from "../src/stack.ts";
import { perform } from "./promtool.ts";

/** What promtool says about the scenarios of each of these alerts, for those that do not do what they should. */
export async function complaints(
  stack: Stack,
  alerts: readonly string[],
): Promise<readonly (readonly [alert: string, verdict: string])[]> {
  const verdicts = await perform(
    alerts.map((id) => ({ stack, scenarios: stack.scenarios.filter(({ alert }) => alert === id) })),
  );
  return alerts.map((id, index) => [id, verdicts[index] ?? ""] as const).filter(([, verdict]) => verdict !== "");
}
