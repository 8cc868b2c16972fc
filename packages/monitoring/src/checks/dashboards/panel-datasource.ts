import { contentPanels, type DashboardCheck, panelName, targetsOf } from "./rendered.ts";

const CHOSEN = `\${prometheus_datasource}`;

/** Panels and queries use the data source that the reader chose. */
export const panelDatasource: DashboardCheck = {
  name: "panel-datasource-rule",
  run(dashboard) {
    const users = [
      ...contentPanels(dashboard).map((panel) => ({ where: panelName(panel), uid: panel.datasource?.uid })),
      ...targetsOf(dashboard).map(({ where, target }) => ({ where, uid: target.datasource?.uid })),
      ...(dashboard.annotations?.list ?? []).map(({ name, datasource }) => ({
        where: `annotation ${name}`,
        uid: datasource?.uid,
      })),
    ];
    return users
      .filter(({ uid }) => uid !== CHOSEN)
      .map(({ where, uid }) => ({ where, problem: `its data source is ${uid ?? "missing"}`, mend: `use ${CHOSEN}` }));
  },
};
