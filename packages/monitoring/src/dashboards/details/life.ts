import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../../promql/aggregate.ts";
import { changes, increase, rate } from "../../promql/functions.ts";
import { portion } from "../../promql/operators.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, recently } from "../measures.ts";
import { chart, stackedChart, timeline } from "../panels.ts";
import { flag } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";
import { ofServer } from "./choice.ts";

const perServer = by("mcp_server");
const LEGEND = "{{mcp_server}}";

/** Starts and stops. */
export function life({ chosen, draw, options }: Board): SectionDraft {
  const { serverStarts, serverStops, serverColdStart, serverColdStartInProgress, serverInitialized, listItemFaults } =
    catalog;
  const { serverUp, circuitBreakerState, serverSessions, serverSessionsMax, serverSessionsRefused } = catalog;
  const perPool = by("instance", "mcp_server");
  const inUse = chosen.series(serverSessions, { ...ofServer, use: "in_use" });
  const { window } = options.alerts.McpServerStarted;
  const starts = chosen.series(serverStarts, ofServer);
  const coldStarts = sum(recently(chosen.buckets(serverColdStart, ofServer)), by("mcp_server", "le"));
  return {
    id: 400,
    title: "Starts and stops",
    folded: true,
    rows: [
      [
        chart({
          key: "start-rate",
          id: 401,
          title: "Starts",
          description:
            "How often the server starts. Above the line the alert FrequentColdStarts fires: it crashes, or its idle time is too short.",
          unit: "cps",
          queries: [query(sum(rate(starts, RATE), perServer), LEGEND)],
          drawn: draw("cps", "FrequentColdStarts"),
          width: 6,
          whenEmpty: whyEmpty.chosenServer,
        }),
        stackedChart({
          key: "starts",
          id: 402,
          title: "Starts by result",
          description: `Starts within ${window}. Every one is told by the alert McpServerStarted; failed ones have their reason in the log.`,
          unit: "short",
          queries: [query(sum(increase(starts, window), by("result")), "{{result}}")],
          drawn: draw("short", "McpServerStarted"),
          width: 6,
          whenEmpty: whyEmpty.chosenServer,
        }),
        stackedChart({
          key: "stops",
          id: 403,
          title: "Stops by reason",
          description: "Why the server stopped. Idle is normal; crashed means that it ended by itself.",
          unit: "cps",
          queries: [query(sum(rate(chosen.series(serverStops, ofServer), RATE), by("reason")), "{{reason}}")],
          width: 6,
          whenEmpty: whyEmpty.chosenServer,
        }),
        chart({
          key: "cold-start-duration",
          id: 404,
          title: "P95 cold start",
          description: "How long callers wait for a start that succeeds.",
          unit: "s",
          queries: [query(quantileOf(0.95, coldStarts), LEGEND)],
          width: 6,
          whenEmpty: whyEmpty.starts,
        }),
      ],
      [
        chart({
          key: "flapping",
          id: 408,
          title: "Comes and goes",
          description:
            "How often the server was lost or found, or its breaker changed, in the last 30 minutes. McpServerFlapping fires above the line.",
          unit: "short",
          queries: [
            query(max(changes(chosen.series(serverUp, ofServer), "30m"), perServer), `${LEGEND} reachable`),
            query(max(changes(chosen.series(circuitBreakerState, ofServer), "30m"), perServer), `${LEGEND} breaker`),
          ],
          drawn: draw("short", "McpServerFlapping"),
          width: 12,
          whenEmpty: whyEmpty.chosenServer,
        }),
        chart({
          key: "crashes",
          id: 409,
          title: "Crashes",
          description: "Crashes in the last 15 minutes. McpServerCrashLooping fires above the line.",
          unit: "short",
          queries: [
            query(
              sum(increase(chosen.series(serverStops, { ...ofServer, reason: "crashed" }), "15m"), perServer),
              LEGEND,
            ),
          ],
          drawn: draw("short", "McpServerCrashLooping"),
          width: 12,
          whenEmpty: whyEmpty.chosenServer,
        }),
      ],
      [
        stackedChart({
          key: "sessions",
          id: 410,
          title: "Sessions",
          description:
            "Sessions with servers that give each caller or client one. Idle ones end by themselves, or when another needs the room.",
          unit: "none",
          queries: [query(sum(chosen.series(serverSessions, ofServer), by("use")), "{{use}}")],
          width: 8,
          height: 5,
          whenEmpty: whyEmpty.sessions,
        }),
        chart({
          key: "sessions-share",
          id: 411,
          title: "Sessions in use, of those that may be",
          description:
            "The share of max_sessions that is in use on each gateway. SessionsNearLimit fires above the line.",
          unit: "percentunit",
          queries: [
            query(
              portion(max(inUse, perPool), max(chosen.series(serverSessionsMax, ofServer), perPool)),
              "{{mcp_server}} {{instance}}",
            ),
          ],
          drawn: draw("percentunit", "SessionsNearLimit"),
          width: 8,
          height: 5,
          whenEmpty: whyEmpty.sessions,
        }),
        chart({
          key: "sessions-refused",
          id: 412,
          title: "Refused for want of a session",
          description: "Requests and subscriptions a second of callers for whom no session was left.",
          unit: "cps",
          queries: [query(sum(rate(chosen.series(serverSessionsRefused, ofServer), RATE), perServer), LEGEND)],
          width: 8,
          height: 5,
          whenEmpty: whyEmpty.sessions,
        }),
      ],
      [
        timeline({
          key: "starting",
          id: 405,
          title: "Starting",
          description: "While the server starts. A long bar is a start that hangs.",
          unit: "bool_yes_no",
          queries: [query(max(chosen.series(serverColdStartInProgress, ofServer), perServer), LEGEND)],
          meanings: [
            { value: 0, text: "no", tone: "good" },
            { value: 1, text: "starting", tone: "attention" },
          ],
          width: 8,
          height: 5,
          whenEmpty: whyEmpty.chosenServer,
        }),
        timeline({
          key: "initialized",
          id: 406,
          title: "Used since the gateway started",
          description: "From when on the server has been initialised. Never means that nobody has called it yet.",
          unit: "bool_yes_no",
          queries: [query(max(chosen.series(serverInitialized, ofServer), perServer), LEGEND)],
          meanings: flag("initialised", "never").map((each) => ({ ...each, tone: "neutral" })),
          width: 8,
          height: 5,
          whenEmpty: whyEmpty.chosenServer,
        }),
        stackedChart({
          key: "list-item-faults",
          id: 407,
          title: "Listed and not readable",
          description:
            "Tools, prompts and resources that clients could not have read, and what became of them. The log has the reasons (mcp_server_list_faulty).",
          unit: "short",
          queries: [query(sum(increase(chosen.series(listItemFaults, ofServer), window), by("action")), "{{action}}")],
          width: 8,
          height: 5,
          whenEmpty: "all that was listed is readable",
        }),
      ],
    ],
  };
}
