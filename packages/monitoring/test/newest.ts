import { join } from "node:path";
import type { Scenario, ScenarioExpectation } from "../src/model.ts";
import { fromSeconds, toSeconds } from "../src/promql/duration.ts";
import { resolveOptions } from "../src/settings/options.ts";
import { buildStack, type Stack } from "../src/stack.ts";

/** The newest promtool, as `npm test` unpacks it; the one of the machine is the oldest that is supported. */
export const NEWEST = join(process.env.HANGAR_PROGRAMS ?? "", "newest-promtool/usr/bin/promtool");

/** The same rules, with what happens to them in Prometheus 3. */
export const newestStack: Stack = buildStack(resolveOptions({ minimumPrometheus: "3.0" }));

/** Scenarios that are about the very edge of a range, at which it has one sample less there than it needs for them. */
const EDGES: readonly { readonly alert: string; readonly kind: Scenario["kind"]; readonly title: RegExp }[] = [
  // Of a counter that stood above zero an increase is taken for the whole range, so that four within it are more than four.
  { alert: "MCPHangarCircuitBreakerTripped", kind: "counter reset", title: /within the limit/ },
  { alert: "MCPHangarMcpServerCrashLooping", kind: "counter reset", title: /within the limit/ },
  { alert: "MCPHangarTelemetryExportFailing", kind: "counter reset", title: /within the limit/ },
  // The first of the changes is that to the oldest sample.
  { alert: "MCPHangarMcpServerFlapping", kind: "resolves", title: /it stays as it is/ },
  { alert: "MCPHangarGatewayRestarting", kind: "resolves", title: /it stays as it is/ },
];

/** Scenarios of an alert as Prometheus 3 has to play them, but for those of the edges. */
export function scenariosOnNewest(alert: string): readonly Scenario[] {
  return newestStack.scenarios
    .filter((each) => each.alert === alert)
    .filter(
      ({ kind, title }) => !EDGES.some((edge) => edge.alert === alert && edge.kind === kind && edge.title.test(title)),
    )
    .map(inTime);
}

/**
 * A counter that has begun at zero within a range is not extrapolated to the beginning of the range, which is reached by the next evaluation: an
 * alert may begin at that one. It must not begin sooner than at the one before.
 */
function inTime(scenario: Scenario): Scenario {
  const step = toSeconds(scenario.every ?? newestStack.options.evaluationInterval);
  const expect = scenario.expect.map((each, index): ScenarioExpectation => {
    const before = scenario.expect[index - 1];
    const begins = before?.firing.length === 0 && each.firing.length > 0;
    if (!begins || toSeconds(each.at) - toSeconds(before.at) !== step) return each;
    return { ...each, at: fromSeconds(toSeconds(each.at) + step) };
  });
  return { ...scenario, expect };
}
