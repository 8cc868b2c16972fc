import { isOfWatcher } from "../../promql/external.ts";
import { parseQuery, type TextSelector } from "./promql-text.ts";
import { type DashboardCheck, targetsOf } from "./rendered.ts";
import { labelsOfText } from "./series-labels.ts";

/** Every query keeps to the job that the reader chose. */
export const targetJob: DashboardCheck = matcherRule("job");

/**
 * Every query keeps to the instances that the reader chose, where its series have one. Series without the label, which
 * are recorded for all instances together, must not be asked for it: `.+` does not match them.
 */
export const targetInstance: DashboardCheck = matcherRule("instance");

/** Prometheus and Alertmanager are not among what the reader chooses from: their series are those of one job, whoever looks. */
function isOfOneJob(label: "job" | "instance", own: TextSelector["matchers"]): boolean {
  if (label === "instance") return own.length === 0;
  return own.length === 1 && own.every(({ operator, value }) => operator === "=" && !value.startsWith("$"));
}

function matcherRule(label: "job" | "instance"): DashboardCheck {
  return {
    name: `target-${label}-rule`,
    run(dashboard, { stack }) {
      return targetsOf(dashboard).flatMap(({ where, target }) => {
        const query = parseQuery(target.expr ?? "");
        if (query.kind === "invalid") return [];
        return query.selectors.flatMap(({ metric, matchers }) => {
          const hasLabel = labelsOfText(metric, stack)?.has(label) ?? true;
          const own = matchers.filter((matcher) => matcher.label === label);
          if (isOfWatcher({ name: metric })) {
            const problem = `${metric} is not one of the gateways that the reader chooses`;
            return isOfOneJob(label, own) ? [] : [{ where, problem, mend: 'select it by job="…" alone' }];
          }
          const isChosen = own.some(({ operator, value }) => operator === "=~" && value === `$${label}`);
          if (hasLabel ? isChosen && own.length === 1 : own.length === 0) return [];
          const problem = hasLabel
            ? `${metric} is not restricted to the chosen ${label}`
            : `${metric} has no label ${label}, so that nothing matches`;
          return [{ where, problem, mend: hasLabel ? `add ${label}=~"$${label}"` : `remove the matcher of ${label}` }];
        });
      });
    },
  };
}
