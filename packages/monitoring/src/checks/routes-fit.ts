import type { AlertRule, Route } from "../model.ts";
import { alertLabels, fixedLabel } from "./alert-labels.ts";
import type { Check, Finding } from "./check.ts";

/** Every alert is routed by labels that it has, to a receiver that exists; no severity shares another's receiver. */
export const routesFit: Check = {
  name: "routes-fit",
  run({ alerts, routing }) {
    const findings: Finding[] = [];
    const severityOf = new Map<string, string>();
    for (const alert of alerts) {
      const route = routing.routes.find((each) => takes(each, alert));
      const subject = `alert ${alert.id}`;
      if (route === undefined) {
        const problem = `no route takes the severity ${alert.severity}, so it falls to ${routing.defaultReceiver}`;
        findings.push({ subject, problem, mend: "add a route for this severity" });
        continue;
      }
      const other = severityOf.get(route.receiver) ?? alert.severity;
      severityOf.set(route.receiver, other);
      if (other !== alert.severity) {
        const problem = `${alert.severity} alerts go to ${route.receiver}, as ${other} ones do`;
        findings.push({ subject, problem, mend: "give each severity a receiver of its own" });
      }
      const missing = (route.groupBy ?? routing.groupBy).filter((label) => !alertLabels(alert).has(label));
      for (const label of missing) {
        const problem = `its route groups by ${label}, which it does not have`;
        findings.push({
          subject,
          expr: alert.expr,
          problem,
          mend: `keep ${label} in the expression, or group without it`,
        });
      }
    }
    const receivers = new Set(routing.receivers.map(({ name }) => name));
    for (const name of [routing.defaultReceiver, ...routing.routes.map(({ receiver }) => receiver)]) {
      if (receivers.has(name)) continue;
      findings.push({ subject: `route to ${name}`, problem: "there is no such receiver", mend: "add the receiver" });
    }
    return findings;
  },
};

function takes({ match }: Route, alert: AlertRule): boolean {
  return Object.entries(match).every(([label, value]) => fixedLabel(alert, label) === value);
}
