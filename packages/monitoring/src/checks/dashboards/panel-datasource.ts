import { contentPanels, type DashboardCheck, panelName, targetsOf } from "./rendered.ts";

const CHOSEN = `\${prometheus_datasource}`;
const CHOSEN_LOKI = `\${loki_datasource}`;

/** Panels and queries use the data source that the reader chose. */
export const panelDatasource: DashboardCheck = {
  name: "panel-datasource-rule",
  run(dashboard) {
    const users = [
      ...contentPanels(dashboard).map((panel) => ({ where: panelName(panel), ...panel.datasource })),
      ...targetsOf(dashboard).map(({ where, target }) => ({ where, ...target.datasource })),
      ...(dashboard.annotations?.list ?? []).map(({ name, datasource }) => ({
        where: `annotation ${name}`,
        ...datasource,
      })),
    ];
    return users
      .map((user) => ({ ...user, chosen: user.type === "loki" ? CHOSEN_LOKI : CHOSEN }))
      .filter(({ uid, chosen }) => uid !== chosen)
      .map(({ where, uid, chosen }) => ({
        where,
        problem: `its data source is ${uid ?? "missing"}`,
        mend: `use ${chosen}`,
      }));
  },
};
