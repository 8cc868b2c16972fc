import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../../promql/aggregate.ts";
import { rate } from "../../promql/functions.ts";
import { andOn } from "../../promql/operators.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, reachable, recently } from "../measures.ts";
import { chart, stackedChart, timeline } from "../panels.ts";
import { flag } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";
import { ofServer } from "./choice.ts";

/** What the gateway and the server say to each other. */
export function messages({ chosen }: Board): SectionDraft {
  return {
    id: 500,
    title: "Messages",
    folded: true,
    rows: [
      [
        chart({
          key: "messages",
          id: 501,
          title: "Messages",
          description: "JSON-RPC messages to and from the server. Requests sent without responses received: it hangs.",
          unit: "ops",
          queries: [
            query(
              sum(rate(chosen.series(catalog.messages, ofServer), RATE), by("direction", "kind")),
              "{{direction}} {{kind}}",
            ),
          ],
          width: 24,
          height: 7,
          whenEmpty: whyEmpty.messages,
        }),
      ],
    ],
  };
}

/** How servers are reached over HTTP. Last, because there is nothing to see of a server that runs as a process. */
export function remote({ chosen, draw }: Board): SectionDraft {
  const { httpRequests, httpRequestDuration, httpConnections, httpThroughProxy } = catalog;
  const durations = sum(recently(chosen.buckets(httpRequestDuration, ofServer)), by("mcp_server", "method", "le"));
  const isRemote = chosen.series(catalog.serverInfo, { ...ofServer, mode: "remote" });
  const requests = andOn(
    rate(chosen.series(httpRequests, ofServer), RATE),
    ["job", "instance", "mcp_server"],
    isRemote,
  );
  const remoteUp = andOn(chosen.series(catalog.serverUp, ofServer), ["job", "instance", "mcp_server"], isRemote);
  return {
    id: 600,
    title: "HTTP, to remote servers only",
    folded: true,
    rows: [
      [
        stackedChart({
          key: "http-requests",
          id: 502,
          title: "HTTP requests",
          description:
            "Requests to remote servers by status; error got no response at all (refused, reset, timed out).",
          unit: "reqps",
          queries: [query(sum(requests, by("status")), "{{status}}")],
          width: 6,
          whenEmpty: whyEmpty.remoteServer,
        }),
        chart({
          key: "http-duration",
          id: 503,
          title: "P95 HTTP request",
          description: "How long remote servers take to answer; of event streams, to the first byte.",
          unit: "s",
          queries: [query(quantileOf(0.95, durations), "{{mcp_server}} {{method}}")],
          width: 6,
          whenEmpty: whyEmpty.remoteServer,
        }),
        chart({
          key: "http-connections",
          id: 504,
          title: "HTTP connections",
          description:
            "Open connections to remote servers. A number that only grows is a leak. Those of servers that are reached through a proxy are told apart.",
          unit: "none",
          queries: [
            query(max(chosen.series(httpConnections, ofServer), by("mcp_server")), "{{mcp_server}}"),
            query(
              max(chosen.series(httpThroughProxy, ofServer), by("mcp_server")),
              "{{mcp_server}}: 1 through a proxy",
            ),
          ],
          width: 6,
          whenEmpty: whyEmpty.remoteServer,
        }),
        timeline({
          key: "remote-reachable",
          id: 505,
          title: "Remote server reachable",
          description:
            "Whether a session with the remote server can be had. The alert RemoteServerUnreachable fires while it cannot.",
          unit: "bool_yes_no",
          queries: [query(reachable(remoteUp), "{{mcp_server}}")],
          drawn: draw("bool", "RemoteServerUnreachable"),
          meanings: flag("reachable", "unreachable"),
          width: 6,
          whenEmpty: whyEmpty.remoteServer,
        }),
      ],
    ],
  };
}
