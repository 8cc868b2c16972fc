import { defaultStack } from "../defaults.ts";
import { nameOfRecord } from "../mutation/mutants.ts";
import { rulesBehind } from "../promtool.ts";
import { rateStories } from "./rate-stories.ts";
import type { Recital } from "./recite.ts";
import { sloStories } from "./slo-stories.ts";

const stack = defaultStack;

/** What every recording rule has to make of what it reads, of those that no alert stands upon. */
export const stories = [...rateStories, ...sloStories];

/** Rules that the scenarios of alerts play, so that nothing else has to. */
const behindAlerts = rulesBehind(
  stack.alerts.map(({ expr }) => expr),
  stack.recordingRules,
);

/** Those rules, each with its stories. */
export const recitals: readonly Recital[] = stack.recordingRules
  .filter((rule) => !behindAlerts.has(rule))
  .map((rule) => ({
    rule,
    stories: stories.filter(({ record, labels = {} }) => nameOfRecord({ record, labels }) === nameOfRecord(rule)),
  }));
