import { dashboardsFitConfigMaps } from "./dashboards-fit-config-maps.ts";
import { emptyPanelsSayWhy } from "./empty-panels-say-why.ts";
import { fewPanelsOpen } from "./few-panels-open.ts";
import { idsAreUnique } from "./ids-are-unique.ts";
import { linksResolve } from "./links-resolve.ts";
import { numbersLeadOn } from "./numbers-lead-on.ts";
import { panelDatasource } from "./panel-datasource.ts";
import { panelNoTargets } from "./panel-no-targets.ts";
import { panelTitleDescription } from "./panel-title-description.ts";
import { panelUnits } from "./panel-units.ts";
import { panelsFitGrid } from "./panels-fit-grid.ts";
import type { DashboardCheck } from "./rendered.ts";
import { settingsAreSaid } from "./settings-are-said.ts";
import { targetCounterAgg } from "./target-counter-agg.ts";
import { targetLogql, targetLogqlAuto } from "./target-logql.ts";
import { targetInstance, targetJob } from "./target-matcher.ts";
import { targetPromql } from "./target-promql.ts";
import { targetRateInterval } from "./target-rate-interval.ts";
import { templateDatasource } from "./template-datasource.ts";
import { templateLabelPromql } from "./template-label-promql.ts";
import { templateReload } from "./template-reload.ts";
import { templateInstance, templateJob } from "./template-target.ts";
import { uneditable } from "./uneditable.ts";
import { variablesAreUsed } from "./variables-are-used.ts";

/** The rules of Grafana's dashboard linter under their names there, without exclusions, and those of this project. */
export const jsonChecks: readonly DashboardCheck[] = [
  templateDatasource,
  templateJob,
  templateInstance,
  templateLabelPromql,
  templateReload,
  panelDatasource,
  panelTitleDescription,
  panelUnits,
  panelNoTargets,
  targetLogql,
  targetLogqlAuto,
  targetPromql,
  targetRateInterval,
  targetJob,
  targetInstance,
  targetCounterAgg,
  uneditable,
  idsAreUnique,
  panelsFitGrid,
  variablesAreUsed,
  linksResolve,
  numbersLeadOn,
  emptyPanelsSayWhy,
  fewPanelsOpen,
  settingsAreSaid,
  dashboardsFitConfigMaps,
];
