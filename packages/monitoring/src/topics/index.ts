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
import { telemetry } from "./telemetry.ts";
import { toolCalls } from "./tool-calls.ts";
import { unsteady } from "./unsteady.ts";
import { watchers } from "./watchers.ts";

/** Every topic, in the order in which its rules are evaluated. */
export const topics: readonly ((context: Context) => Topic)[] = [
  availability,
  toolCalls,
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
];
