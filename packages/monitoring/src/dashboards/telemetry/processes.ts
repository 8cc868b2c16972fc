import { by, max, sum } from "../../promql/aggregate.ts";
import { runtime } from "../../promql/external.ts";
import { rate } from "../../promql/functions.ts";
import { portion } from "../../promql/operators.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { query, RATE } from "../measures.ts";
import { chart, stackedChart } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";

/** A tenth of the time is felt by callers; well-sized heaps need a hundredth. */
const MUCH_GARBAGE = 0.1;

/** How the processes of the gateways are. */
export function processes({ chosen }: Board): SectionDraft {
  const heapShare = portion(
    max(chosen.series(runtime.heapUsed), by("instance")),
    max(chosen.series(runtime.heapLimit), by("instance")),
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
          description: "The used share of the heap that Node.js may have. At 100 % the process ends.",
          unit: "percentunit",
          queries: [query(heapShare, "{{instance}}")],
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
    ],
  };
}
