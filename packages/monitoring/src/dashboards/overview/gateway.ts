import { catalog } from "@mcp-hangar/telemetry";
import { by, max, min, sum } from "../../promql/aggregate.ts";
import { runtime } from "../../promql/external.ts";
import { changes, rate, secondsSince } from "../../promql/functions.ts";
import { divideOn } from "../../promql/operators.ts";
import type { Board } from "../board.ts";
import { onOverview } from "../drill-down.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, recently, SERVED, shareOf } from "../measures.ts";
import { chart, stackedChart, stat, table, timeline } from "../panels.ts";
import { flag } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";

const perInstance = by("instance");

/** The gateways themselves: idle sweep, configuration, memory and CPU. */
export function gateway({ chosen, draw }: Board): SectionDraft {
  const cpu = divideOn(
    rate(chosen.series(runtime.processCpu), RATE),
    ["job", "instance"],
    chosen.series(runtime.availableCpus),
  );
  const served = chosen.series(catalog.toolCalls, { status: SERVED });
  const failed = chosen.series(catalog.toolCallErrors);
  const sweeps = sum(recently(chosen.buckets(catalog.idleSweepDuration)), by("le"));
  return {
    id: 600,
    title: "Gateway",
    folded: true,
    rows: [
      [
        chart({
          key: "memory",
          id: 601,
          title: "Memory",
          description: "Resident memory of each gateway. The alert HighMemoryUsage fires above the line.",
          unit: "bytes",
          queries: [query(max(chosen.series(runtime.processResidentMemory), perInstance), "{{instance}}")],
          drawn: draw("bytes", "HighMemoryUsage"),
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "cpu",
          id: 602,
          title: "CPU",
          description:
            "The share that each gateway uses of the CPU it may use. The alert HighCPUUsage fires above the line.",
          unit: "percentunit",
          queries: [query(max(cpu, perInstance), "{{instance}}")],
          drawn: draw("percentunit", "HighCPUUsage"),
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "event-loop",
          id: 603,
          title: "Event loop",
          description: "The share of time that the one thread of each gateway is busy. Near 100 % every call waits.",
          unit: "percentunit",
          queries: [query(max(rate(chosen.series(runtime.eventLoopActive), RATE), perInstance), "{{instance}}")],
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "event-loop-lag",
          id: 604,
          title: "P99 event loop delay",
          description:
            "How long work waits for the thread. Above 0.1 s calls and health checks become slow for no other reason; EventLoopLagging fires above the line.",
          unit: "s",
          queries: [query(max(chosen.series(runtime.eventLoopLagP99), perInstance), "{{instance}}")],
          drawn: draw("s", "EventLoopLagging"),
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
      ],
      [
        chart({
          key: "idle-sweep-duration",
          id: 605,
          title: "P95 idle sweep",
          description:
            "How long the sweep takes that stops idle servers. The line is where the alert GCSlowCycles fires.",
          unit: "s",
          queries: [query(quantileOf(0.95, sweeps), "P95")],
          drawn: draw("s", "GCSlowCycles"),
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "idle-sweeps",
          id: 606,
          title: "Idle sweeps",
          description: "Sweeps a second. A flat 0 means that idle servers are never stopped.",
          unit: "cps",
          queries: [query(sum(rate(chosen.series(catalog.idleSweepCycles), RATE)), "Sweeps")],
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        stackedChart({
          key: "collected-servers",
          id: 607,
          title: "Servers collected",
          description:
            "Servers that the sweep stopped or removed: unused for their time to live, or gone from their source.",
          unit: "cps",
          queries: [query(sum(rate(chosen.series(catalog.idleSweepCollected), RATE), by("reason")), "{{reason}}")],
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        stackedChart({
          key: "config-reloads",
          id: 608,
          title: "Configuration reloads",
          description: "Reloads by result. After a failed one the gateway runs with the configuration before it.",
          unit: "cps",
          queries: [query(sum(rate(chosen.series(catalog.configReloads), RATE), by("result")), "{{result}}")],
          width: 6,
          whenEmpty: whyEmpty.reloads,
        }),
      ],
      [
        chart({
          key: "failing-by-gateway",
          id: 612,
          title: "Failing calls by gateway",
          description:
            "The share of the tool calls through each gateway that fail. One line above the others is a bad replica; GatewayFailing fires above the line.",
          unit: "percentunit",
          queries: [
            query(shareOf(sum(rate(failed, RATE), perInstance), sum(rate(served, RATE), perInstance)), "{{instance}}"),
          ],
          drawn: draw("percentunit", "GatewayFailing"),
          width: 12,
          whenEmpty: whyEmpty.calls,
        }),
        chart({
          key: "gateway-restarts",
          id: 613,
          title: "Restarts by gateway",
          description:
            "How often each gateway has started anew in the last 30 minutes. A deployment is one; GatewayRestarting fires above the line.",
          unit: "short",
          queries: [query(max(changes(chosen.series(runtime.processStartTime), "30m"), perInstance), "{{instance}}")],
          drawn: draw("short", "GatewayRestarting"),
          width: 12,
          whenEmpty: whyEmpty.system,
        }),
      ],
      [
        timeline({
          key: "config-in-force",
          id: 609,
          title: "Configuration in force",
          description:
            "Whether each gateway runs with the configuration that was last read. If not, it will not start again with it.",
          unit: "bool",
          queries: [query(min(chosen.series(catalog.configLastReloadSuccessful), perInstance), "{{instance}}")],
          drawn: draw("bool", "ConfigReloadFailed"),
          meanings: flag("as written", "reload failed"),
          width: 9,
          height: 6,
          whenEmpty: whyEmpty.reloads,
        }),
        stat({
          key: "uptime",
          id: 610,
          title: "Running for",
          description: "The time since each gateway started. A small number that nobody expected is a restart.",
          unit: "dtdurations",
          queries: [query(max(secondsSince(chosen.series(runtime.processStartTime)), perInstance), "{{instance}}")],
          width: 6,
          height: 6,
          whenEmpty: whyEmpty.system,
          leadsTo: onOverview("Restarts", "gateway-restarts"),
        }),
        table({
          key: "versions",
          id: 611,
          title: "Versions",
          description: "Which version each gateway runs. Two versions for long are a roll-out that is stuck.",
          unit: "none",
          queries: [
            {
              expr: max(chosen.series(catalog.buildInfo), by("instance", "version", "node")),
              legend: "Version",
            },
          ],
          width: 9,
          height: 6,
          whenEmpty: whyEmpty.gateways,
        }),
      ],
    ],
  };
}
