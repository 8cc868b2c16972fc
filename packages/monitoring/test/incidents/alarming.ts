import { audit } from "./alarming/audit.ts";
import { calls } from "./alarming/calls.ts";
import { gateways } from "./alarming/gateways.ts";
import { servers } from "./alarming/servers.ts";
import { slow } from "./alarming/slow.ts";
import { telemetry } from "./alarming/telemetry.ts";
import { watchers } from "./alarming/watchers.ts";
import type { Incident } from "./incident.ts";

/** What somebody has to hear of. It begins after ten minutes, where nothing else is said. */
export const alarming: readonly Incident[] = [
  ...gateways,
  ...calls,
  ...slow,
  ...servers,
  ...telemetry,
  ...audit,
  ...watchers,
];
