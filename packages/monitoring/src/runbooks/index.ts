import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { access } from "./access.ts";
import { audit } from "./audit.ts";
import { availability } from "./availability.ts";
import { batches } from "./batches.ts";
import { configuration } from "./configuration.ts";
import { discovery } from "./discovery.ts";
import { failing } from "./failing.ts";
import { health } from "./health.ts";
import { latency } from "./latency.ts";
import { process } from "./process.ts";
import { remoteServers } from "./remote-servers.ts";
import { requests } from "./requests.ts";
import { servers } from "./servers.ts";
import { slos } from "./slos.ts";
import { telemetry } from "./telemetry.ts";
import { toolCalls } from "./tool-calls.ts";
import { unsteady } from "./unsteady.ts";
import { watchers } from "./watchers.ts";

/** The written part of each runbook, by topic. */
export const runbookTopics: readonly ((context: Context) => readonly Runbook[])[] = [
  availability,
  toolCalls,
  failing,
  requests,
  latency,
  batches,
  health,
  servers,
  unsteady,
  remoteServers,
  discovery,
  process,
  telemetry,
  audit,
  configuration,
  access,
  watchers,
  slos,
];
