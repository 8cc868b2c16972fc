import type { Check, Finding } from "./check.ts";

/** Every alert has its texts and links, an id of its own, and a condition that panels and runbooks can show. */
export const alertsAreComplete: Check = {
  name: "alerts-are-complete",
  run({ alerts, dashboards, options }) {
    const findings: Finding[] = [];
    const ids = new Set<string>();
    for (const alert of alerts) {
      const add = (problem: string, mend: string): void => {
        findings.push({ subject: `alert ${alert.id}`, expr: alert.expr, problem, mend });
      };
      if (ids.has(alert.id)) add("another alert has the same id", "give one of them a variant");
      ids.add(alert.id);
      if (alert.summary.parts.length === 0) add("it has no summary", "say in one line what is wrong");
      if (alert.description.parts.length === 0) add("it has no description", "say what was measured and what it means");
      if (alert.conditions.length === 0 && alert.severity !== "none") {
        add("it has no condition", "make its expression with `when`, so that panels can draw its threshold");
      }
      const dashboard = dashboards.find(({ uid }) => uid === alert.dashboard.uid);
      const { panel } = alert.dashboard;
      if (dashboard === undefined) add(`there is no dashboard ${alert.dashboard.uid}`, "link to one that exists");
      else if (panel !== undefined && !dashboard.panels.some(({ key }) => key === panel)) {
        add(`the dashboard ${dashboard.uid} has no panel ${panel}`, "link to the key of a panel");
      }
    }
    for (const [name, url] of Object.entries({
      runbookBaseUrl: options.runbookBaseUrl,
      grafanaBaseUrl: options.grafanaBaseUrl,
    })) {
      if (URL.canParse(url) && !url.endsWith("/")) continue;
      findings.push({
        subject: `option ${name}`,
        problem: `"${url}" is not an address without a slash at its end`,
        mend: "write https://host/path",
      });
    }
    return findings;
  },
};
