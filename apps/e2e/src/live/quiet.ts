import type { LivingIncident } from "@mcp-hangar/testing";
import { callWell, type Fleet } from "./fleet.ts";

/** Something that happens every day, and that nobody must be told of. */
export interface QuietIncident {
  readonly name: LivingIncident;
  /** PromQL that has an answer while it is to be seen, and none once it has left every window of the alerts. */
  readonly evidence: string;
  readonly happen: (fleet: Fleet) => Promise<unknown>;
}

/** The longest window of the alerts on calls and servers, so that what has left this one has left them all. */
const seen = (counter: string): string => `increase(${counter}[20s]) > 0`;

/** They may happen at the same time: together they are still too little for any alert. */
export const QUIET_INCIDENTS: readonly QuietIncident[] = [
  {
    name: "one call that fails",
    evidence: seen('mcp_hangar_tool_call_errors_total{mcp_server="failing"}'),
    happen: (fleet) => fleet.call("failing", "is_error"),
  },
  {
    name: "an agent that fails four times and gives up",
    evidence: seen('mcp_hangar_tool_call_errors_total{mcp_server="hanging"}'),
    async happen(fleet) {
      for (let time = 1; time <= 4; time++) await fleet.call("hanging", "is_error");
    },
  },
  {
    name: "a server that fails two health checks and recovers",
    evidence: 'max_over_time(mcp_hangar_health_check_consecutive_failures{mcp_server="deaf"}[10s]) > 0',
    // A check begins 0.3 s after the last and gives up after one: the second begins too early, and the third hears an answer.
    happen: (fleet) => fleet.call("deaf", "stop_answering", { ms: 1_900 }),
  },
  {
    name: "a server that is stopped when idle and started on demand",
    evidence: seen('mcp_hangar_mcp_server_stops_total{mcp_server="everything", reason="idle"}'),
    happen: (fleet) => callWell(fleet, "everything"),
  },
];
