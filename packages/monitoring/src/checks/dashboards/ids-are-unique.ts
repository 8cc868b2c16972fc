import { DASHBOARD_UIDS, OWN_DASHBOARD_PREFIX } from "../../names.ts";
import { allPanels, type DashboardCheck } from "./rendered.ts";

/** Grafana admits 40 characters. */
const OWN = new RegExp(`^(?=.{1,40}$)${OWN_DASHBOARD_PREFIX}[a-z][a-z0-9-]*$`);

const KNOWN: ReadonlySet<string | undefined> = new Set(DASHBOARD_UIDS);

/** Dashboards and panels have ids that are theirs alone, for links lead to them. */
export const idsAreUnique: DashboardCheck = {
  name: "ids-are-unique",
  run(dashboard, { dashboards }) {
    const { uid } = dashboard;
    const panels = allPanels(dashboard);
    const ids = panels.map(({ id }) => id);
    return [
      ...(KNOWN.has(uid) || OWN.test(uid ?? "")
        ? []
        : [
            {
              problem: `its uid ${uid} is not one of the public ones`,
              mend: `use one of DASHBOARD_UIDS, or ${OWN_DASHBOARD_PREFIX} and a name`,
            },
          ]),
      ...(dashboards.filter((other) => other.uid === uid).length === 1
        ? []
        : [{ problem: `another dashboard has the uid ${uid} too`, mend: "give each its own" }]),
      ...panels.flatMap(({ id, title = "" }, index) => {
        const where = `panel ${title}`;
        if (id === undefined || !Number.isInteger(id) || id < 1) {
          return [{ where, problem: `its id is ${id}`, mend: "give it a whole number from 1 on" }];
        }
        if (ids.indexOf(id) === index) return [];
        return [{ where, problem: `its id ${id} is that of another panel`, mend: "take a number that was never used" }];
      }),
    ];
  },
};
