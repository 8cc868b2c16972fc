import type { Context } from "../context.ts";
import type { Scenario, Topic } from "../model.ts";

/** The scenarios of a topic's alerts. */
export type ScenariosOf = (context: Context, topic: Topic) => readonly Scenario[];

/** The scenarios of each topic, by its name. */
export const scenarioTopics: Readonly<Record<string, ScenariosOf>> = {};
