import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../../promql/aggregate.ts";
import { increase, rate } from "../../promql/functions.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, recently } from "../measures.ts";
import { chart, stackedChart } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";
import { ofServer } from "./choice.ts";

const NO_TASKS = "no call was made as a task";

/** What is asked of a server beside its tools, what goes over the line, and how it defines its tools. */
export function requests({ chosen, draw, options }: Board): SectionDraft {
  const { window } = options.alerts.ToolDefinitionsChanged;
  const changed = chosen.series(catalog.toolDefinitionsChanged, { ...ofServer, change: "changed" });
  const moved = chosen.series(catalog.toolDefinitionsChanged, ofServer);
  const durations = sum(recently(chosen.buckets(catalog.requestDuration, ofServer)), by("method", "le"));
  const taskDurations = sum(recently(chosen.buckets(catalog.taskDuration, ofServer)), by("mcp_server", "le"));
  return {
    id: 700,
    title: "Requests and definitions",
    folded: true,
    rows: [
      [
        stackedChart({
          key: "requests",
          id: 701,
          title: "Other requests",
          description: "Requests to the chosen servers that are no tool calls a second, by method and outcome.",
          unit: "reqps",
          queries: [
            query(
              sum(rate(chosen.series(catalog.requests, ofServer), RATE), by("method", "status")),
              "{{method}} {{status}}",
            ),
          ],
          whenEmpty: whyEmpty.requests,
        }),
        chart({
          key: "request-duration",
          id: 702,
          title: "P95 of other requests",
          description: "How long requests take that are no tool calls; of a stream, to its end.",
          unit: "s",
          queries: [query(quantileOf(0.95, durations), "{{method}}")],
          whenEmpty: whyEmpty.requests,
        }),
        stackedChart({
          key: "transfer",
          id: 703,
          title: "Bytes",
          description: "Bytes of calls and other requests as they are sent to the server, and of its answers.",
          unit: "binBps",
          queries: [
            query(sum(rate(chosen.series(catalog.transferBytes, ofServer), RATE), by("direction")), "{{direction}}"),
          ],
          whenEmpty: whyEmpty.chosenServer,
        }),
      ],
      [
        chart({
          key: "definitions-changed",
          id: 704,
          title: "Definitions that changed",
          description: `Tools that say something else under their old name than ${window} before. The alert ToolDefinitionsChanged fires at the first.`,
          unit: "short",
          queries: [query(sum(increase(changed, window), by("mcp_server")), "{{mcp_server}}")],
          drawn: draw("short", "ToolDefinitionsChanged"),
          whenEmpty: whyEmpty.chosenServer,
        }),
        stackedChart({
          key: "definitions-moved",
          id: 705,
          title: "Definitions by kind of change",
          description: "Tools that were added, removed or changed. The log has their names (mcp_server_tools_changed).",
          unit: "short",
          queries: [query(sum(increase(moved, window), by("change")), "{{change}}")],
          whenEmpty: whyEmpty.chosenServer,
        }),
        chart({
          key: "definition-bytes",
          id: 706,
          title: "Size of definitions",
          description:
            "Bytes of JSON that define the tools: what an agent reads before it calls one. Four bytes are about one token.",
          unit: "bytes",
          queries: [
            query(max(chosen.series(catalog.toolDefinitionBytes, ofServer), by("mcp_server")), "{{mcp_server}}"),
          ],
          whenEmpty: "its tools were never listed",
        }),
      ],
      [
        chart({
          key: "tokens",
          id: 707,
          title: "Tokens",
          description: "Tokens a second that servers report to have used for calls, in `_meta` of their results.",
          unit: "cps",
          queries: [
            query(
              sum(rate(chosen.series(catalog.toolCallTokens, ofServer), RATE), by("mcp_server", "kind")),
              "{{mcp_server}} {{kind}}",
            ),
          ],
          whenEmpty: "no server reports tokens",
        }),
        chart({
          key: "cost",
          id: 708,
          title: "Cost",
          description: `What servers report that the calls of ${window} have cost, in units of each currency.`,
          unit: "short",
          queries: [
            query(
              sum(increase(chosen.series(catalog.toolCallCost, ofServer), window), by("mcp_server", "currency")),
              "{{mcp_server}} {{currency}}",
            ),
          ],
          whenEmpty: "no server reports a cost",
        }),
        chart({
          key: "tasks-kept",
          id: 711,
          title: "Tasks that are kept",
          description:
            "Tasks of all servers that run or have ended and are kept for their callers. A flat top is the limit (tasks.max).",
          unit: "none",
          queries: [query(sum(chosen.series(catalog.tasksKept)), "Tasks")],
          whenEmpty: whyEmpty.chosenServer,
        }),
      ],
      [
        stackedChart({
          key: "tasks",
          id: 709,
          title: "Tasks by outcome",
          description: "Tasks that ended, which calls of the chosen servers had begun.",
          unit: "short",
          queries: [query(sum(increase(chosen.series(catalog.tasks, ofServer), window), by("status")), "{{status}}")],
          whenEmpty: NO_TASKS,
        }),
        chart({
          key: "task-duration",
          id: 710,
          title: "P95 of tasks",
          description: "How long tasks take, from the answer to the call to their end.",
          unit: "s",
          queries: [query(quantileOf(0.95, taskDurations), "{{mcp_server}}")],
          whenEmpty: NO_TASKS,
        }),
      ],
    ],
  };
}
