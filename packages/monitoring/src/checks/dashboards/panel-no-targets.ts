import { contentPanels, type DashboardCheck, panelName } from "./rendered.ts";

/** Every panel asks something, and each of its queries has a name of its own. */
export const panelNoTargets: DashboardCheck = {
  name: "panel-no-targets-rule",
  run(dashboard) {
    return contentPanels(dashboard).flatMap((panel) => {
      const { targets = [] } = panel;
      const where = panelName(panel);
      if (targets.length === 0) return [{ where, problem: "it has no query", mend: "add one, or remove the panel" }];
      const names = targets.map(({ refId }) => refId);
      if (names.every((name, index) => name !== undefined && /^[A-Z]$/.test(name) && names.indexOf(name) === index))
        return [];
      return [{ where, problem: `its queries are named ${names.join(", ")}`, mend: "name them A, B, C and so on" }];
    });
  },
};
