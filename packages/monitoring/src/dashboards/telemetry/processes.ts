import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../../promql/aggregate.ts";
import { runtime } from "../../promql/external.ts";
import { clockSkew, rate } from "../../promql/functions.ts";
import { portion } from "../../promql/operators.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { query, RATE } from "../measures.ts";
import { chart, stackedChart } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";

/** A tenth of the time is felt by callers; well-sized heaps need a hundredth. */
const MUCH_GARBAGE = 0.1;

/** How the processes of the gateways are. */
export function processes({ chosen, draw }: Board): SectionDraft {
  const heapShare = portion(
    max(chosen.series(runtime.heapUsed), by("instance")),
    max(chosen.series(runtime.heapLimit), by("instance")),
  );
  const memoryShare = portion(
    max(chosen.series(runtime.processResidentMemory), by("instance")),
    max(chosen.series(runtime.memoryLimit), by("instance")),
  );
  const filesShare = portion(
    max(chosen.series(runtime.processOpenFds), by("instance")),
    max(chosen.series(runtime.processMaxFds), by("instance")),
  );
  const collections = sum(rate(chosen.total(runtime.gcDuration), RATE), by("instance", "kind"));
  return {
    id: 300,
    title: "Processes",
    folded: true,
    rows: [
      [
        chart({
          key: "heap",
          id: 301,
          title: "JavaScript heap",
          description:
            "The used share of the heap that Node.js may have. At 100 % the process ends; HeapNearLimit fires above the line.",
          unit: "percentunit",
          queries: [query(heapShare, "{{instance}}")],
          drawn: draw("percentunit", "HeapNearLimit"),
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        stackedChart({
          key: "garbage-collection",
          id: 302,
          title: "Garbage collection",
          description:
            "The share of time that is spent collecting garbage. Above the line the heap is too small or something leaks.",
          unit: "percentunit",
          queries: [query(collections, "{{instance}} {{kind}}")],
          thresholds: [{ value: MUCH_GARBAGE, tone: "attention" }],
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "event-loop-lag",
          id: 303,
          title: "Event loop delay",
          description: "The mean and the longest delay of the event loop in the last seconds.",
          unit: "s",
          queries: [
            query(max(chosen.series(runtime.eventLoopLagMean), by("instance")), "{{instance}} mean"),
            query(max(chosen.series(runtime.eventLoopLagMax), by("instance")), "{{instance}} longest"),
          ],
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "file-descriptors",
          id: 304,
          title: "File descriptors",
          description: "Open files and sockets. A number that only grows is a leak.",
          unit: "short",
          queries: [query(max(chosen.series(runtime.processOpenFds), by("instance")), "{{instance}}")],
          width: 6,
          whenEmpty: whyEmpty.system,
        }),
      ],
      [
        chart({
          key: "memory-share",
          id: 305,
          title: "Memory of the container",
          description:
            "The share that each process has of the memory of its container, or of the machine. Servers in the same container come on top; MemoryNearLimit fires above the line.",
          unit: "percentunit",
          queries: [query(memoryShare, "{{instance}}")],
          drawn: draw("percentunit", "MemoryNearLimit"),
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "file-descriptors-share",
          id: 306,
          title: "Files that may be open",
          description:
            "The share of the files and sockets that each process may open. FileDescriptorsNearLimit fires above the line.",
          unit: "percentunit",
          queries: [query(filesShare, "{{instance}}")],
          drawn: draw("percentunit", "FileDescriptorsNearLimit"),
          width: 6,
          whenEmpty: whyEmpty.system,
        }),
        chart({
          key: "clock-skew",
          id: 307,
          title: "Clock against Prometheus",
          description:
            "Seconds between the clocks of each gateway and of Prometheus; a scrape takes a part of a second. ClockSkewed fires above the line.",
          unit: "s",
          queries: [query(max(clockSkew(chosen.series(runtime.clock)), by("instance")), "{{instance}}")],
          drawn: draw("s", "ClockSkewed"),
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "load-shed-rate",
          id: 308,
          title: "Refused for want of room",
          description:
            "Requests, answers and connections a second that each gateway refuses or ends to stay within its limits. GatewayShedsLoad fires above the line.",
          unit: "cps",
          queries: [
            query(
              sum(rate(chosen.series(catalog.loadShed), RATE), by("instance", "reason")),
              "{{instance}} {{reason}}",
            ),
          ],
          drawn: draw("cps", "GatewayShedsLoad"),
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
      ],
    ],
  };
}
