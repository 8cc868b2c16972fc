import type { Stack } from "../stack.ts";
import { alertsAreComplete } from "./alerts-are-complete.ts";
import { alertsAreDrawn } from "./alerts-are-drawn.ts";
import { alertsAreTried } from "./alerts-are-tried.ts";
import { burnRateReachable } from "./burn-rate-reachable.ts";
import { changesAreMarked } from "./changes-are-marked.ts";
import { type Check, describeViolation, type Violation } from "./check.ts";
import { jsonChecks } from "./dashboards/index.ts";
import { onDashboards } from "./dashboards/rendered.ts";
import { dormantAlertsSaySo } from "./dormant-alerts-say-so.ts";
import { firstEventsAreSeen } from "./first-events-are-seen.ts";
import { forFitsWindow } from "./for-fits-window.ts";
import { functionsAreKnown } from "./functions-are-known.ts";
import { idleIsSilent } from "./idle-is-silent.ts";
import { inhibitionsFit } from "./inhibitions-fit.ts";
import { labelExists } from "./label-exists.ts";
import { labelValueExists } from "./label-value-exists.ts";
import { legendsHaveLabels } from "./legends-have-labels.ts";
import { metricExists } from "./metric-exists.ts";
import { metricsAreShown } from "./metrics-are-shown.ts";
import { optionBehind } from "./option-behind.ts";
import { rangeLongEnough } from "./range-long-enough.ts";
import { ratiosAreGuarded } from "./ratios-are-guarded.ts";
import { receiversNotify } from "./receivers-notify.ts";
import { recordedBeforeUse } from "./recorded-before-use.ts";
import { recordsAreNamed } from "./records-are-named.ts";
import { routesFit } from "./routes-fit.ts";
import { runbooksExist } from "./runbooks-exist.ts";
import { scenariosFeedAlerts } from "./scenarios-feed-alerts.ts";
import { scrapeGetsIn } from "./scrape-gets-in.ts";
import { scrapeJobsFit } from "./scrape-jobs-fit.ts";
import { telemetryIsWatched } from "./telemetry-is-watched.ts";
import { textsFitGroups } from "./texts-fit-groups.ts";
import { textsHaveLabels } from "./texts-have-labels.ts";
import { thresholdReachable } from "./threshold-reachable.ts";
import { typesFit } from "./types-fit.ts";
import { unitsFit } from "./units-fit.ts";
import { vanishedTargetsAreSeen } from "./vanished-targets-are-seen.ts";
import { zeroAlertsAreShown } from "./zero-alerts-are-shown.ts";

/** Every check of rules and routes. A new one is a file and a line here. */
export const checks: readonly Check[] = [
  metricExists,
  labelExists,
  labelValueExists,
  dormantAlertsSaySo,
  typesFit,
  thresholdReachable,
  burnRateReachable,
  rangeLongEnough,
  forFitsWindow,
  textsHaveLabels,
  alertsAreComplete,
  routesFit,
  receiversNotify,
  textsFitGroups,
  inhibitionsFit,
  recordedBeforeUse,
  recordsAreNamed,
  functionsAreKnown,
  ratiosAreGuarded,
  vanishedTargetsAreSeen,
  runbooksExist,
  alertsAreTried,
  idleIsSilent,
  scenariosFeedAlerts,
  firstEventsAreSeen,
  telemetryIsWatched,
  scrapeGetsIn,
  scrapeJobsFit,
];

/** Every check of dashboards; those of their JSON have a list of their own. */
export const dashboardChecks: readonly Check[] = [
  alertsAreDrawn,
  changesAreMarked,
  legendsHaveLabels,
  metricsAreShown,
  unitsFit,
  zeroAlertsAreShown,
  ...jsonChecks.map(onDashboards),
];

/** The stack is not sound; the message lists every violation with its mend. */
export class ChecksFailed extends Error {
  readonly violations: readonly Violation[];

  constructor(violations: readonly Violation[]) {
    super(
      `The monitoring stack has ${violations.length} defects:\n\n${violations.map(describeViolation).join("\n\n")}`,
    );
    this.name = "ChecksFailed";
    this.violations = violations;
  }
}

/** All violations of a stack, by all checks. */
export function runChecks(stack: Stack): readonly Violation[] {
  return [...checks, ...dashboardChecks].flatMap(({ name, run }) =>
    run(stack).map((finding) => {
      const option = optionBehind(finding.subject, stack);
      return { check: name, ...finding, ...(option === undefined ? {} : { option }) };
    }),
  );
}

/** Throws {@link ChecksFailed} unless the stack is sound. */
export function assertSound(stack: Stack): void {
  const violations = runChecks(stack);
  if (violations.length > 0) throw new ChecksFailed(violations);
}
