import * as units from "@grafana/grafana-foundation-sdk/units";
import { contentPanels, type DashboardCheck, panelName, type RenderedPanel } from "./rendered.ts";

const VALID: ReadonlySet<unknown> = new Set(Object.values(units));

/** Every panel has a unit that Grafana knows; another would be written behind the number as it is. */
export const panelUnits: DashboardCheck = {
  name: "panel-units-rule",
  run(dashboard) {
    return contentPanels(dashboard).flatMap((panel) =>
      unitsOf(panel)
        .filter((unit) => !VALID.has(unit))
        .map((unit) => ({
          where: panelName(panel),
          problem: unit === undefined ? "it has no unit" : `Grafana has no unit ${JSON.stringify(unit)}`,
          mend: "use an id of Grafana's list of units, such as short, s, percentunit, reqps",
        })),
    );
  },
};

function unitsOf({ fieldConfig }: RenderedPanel): readonly unknown[] {
  const properties = (fieldConfig?.overrides ?? []).flatMap((override) => override.properties ?? []);
  return [fieldConfig?.defaults?.unit, ...properties.filter(({ id }) => id === "unit").map(({ value }) => value)];
}
