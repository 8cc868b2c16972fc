import {
  contentPanels,
  type DashboardCheck,
  type DashboardFinding,
  panelName,
  type RenderedDashboard,
} from "./rendered.ts";

/** The layout of the JSON that Grafana reads without a migration that this project has not seen. */
const SCHEMA_VERSION = 42;

/** Nothing is left to a default that differs between versions of Grafana or hides something in a menu. */
export const settingsAreSaid: DashboardCheck = {
  name: "settings-are-said",
  run(dashboard) {
    const { timezone, refresh, time, schemaVersion } = dashboard;
    const missing = Object.entries({ timezone, refresh, time }).filter(([, value]) => value === undefined);
    return [
      ...missing.map(([name]) => ({ problem: `it does not say its ${name}`, mend: `set ${name}` })),
      ...(schemaVersion === SCHEMA_VERSION
        ? []
        : [{ problem: `its schema version is ${schemaVersion}`, mend: `write version ${SCHEMA_VERSION}` }]),
      ...hiddenParts(dashboard),
      ...contentPanels(dashboard)
        .filter(({ type, options }) => type === "stat" && (options?.reduceOptions?.calcs ?? []).length === 0)
        .map((panel) => ({
          where: panelName(panel),
          problem: "it does not say which value of a series it shows",
          mend: 'set its calcs to ["lastNotNull"]',
        })),
    ];
  },
};

function hiddenParts({ links = [], annotations }: RenderedDashboard): readonly DashboardFinding[] {
  return [
    ...links.map(({ title, placement }) => ({ where: `link ${title}`, placement })),
    ...(annotations?.list ?? []).map(({ name, placement }) => ({ where: `annotation ${name}`, placement })),
  ].flatMap(({ where, placement }) =>
    placement === undefined ? [] : [{ where, problem: `it is hidden: ${placement}`, mend: "leave its placement out" }],
  );
}
