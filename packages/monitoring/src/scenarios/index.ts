import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { access } from "./access.ts";
import { audit } from "./audit.ts";
import { availability } from "./availability.ts";
import { batches } from "./batches.ts";
import { configuration } from "./configuration.ts";
import { discovery } from "./discovery.ts";
import { failing } from "./failing.ts";
import { health } from "./health.ts";
import { process } from "./process.ts";
import { requests } from "./requests.ts";
import { servers } from "./servers.ts";
import { slos } from "./slos.ts";
import type { Coverage } from "./story.ts";
import { telemetry } from "./telemetry.ts";
import { toolCalls } from "./tool-calls.ts";
import { unsteady } from "./unsteady.ts";
import { watchers } from "./watchers.ts";

/** The scenarios of a topic's alerts. */
export type ScenariosOf = (context: Context, topic: Topic) => Coverage;

/** The scenarios of each topic, by its name. */
export const scenarioTopics: Readonly<Record<string, ScenariosOf>> = {
  availability,
  "tool-calls": toolCalls,
  failing,
  requests,
  batches,
  health,
  servers,
  unsteady,
  discovery,
  process,
  telemetry,
  audit,
  configuration,
  access,
  watchers,
  slos,
};
