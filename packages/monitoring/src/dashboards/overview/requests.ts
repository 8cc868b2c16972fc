import { catalog } from "@mcp-hangar/telemetry";
import { by, sum, topk } from "../../promql/aggregate.ts";
import { increase, rate } from "../../promql/functions.ts";
import { anyOf } from "../../promql/select.ts";
import { REFUSED_WITH_CREDENTIALS } from "../../topics/access.ts";
import type { Board } from "../board.ts";
import { toServer } from "../drill-down.ts";
import type { SectionDraft } from "../layout.ts";
import { query, RATE, SERVED, shareOf } from "../measures.ts";
import { chart, stackedChart } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";

/** More lines than this nobody can tell apart. */
const MOST = 10;

/** What clients and operators do beside calling tools, and who is not let in. */
export function requests({ chosen, draw, options }: Board): SectionDraft {
  const perMethod = by("method");
  const failed = chosen.series(catalog.requests, { status: anyOf("error", "timeout") });
  const served = chosen.series(catalog.requests, { status: SERVED });
  const denials = chosen.series(catalog.accessDenials);
  const known = chosen.series(catalog.accessDenials, { reason: REFUSED_WITH_CREDENTIALS });
  const { window } = options.alerts.ToolDefinitionsChanged;
  const changes = increase(chosen.series(catalog.toolDefinitionsChanged), window);
  return {
    id: 700,
    title: "Requests and access",
    folded: true,
    rows: [
      [
        stackedChart({
          key: "requests",
          id: 701,
          title: "Other requests",
          description: "Requests of clients that are no tool calls a second, by method and outcome.",
          unit: "reqps",
          queries: [
            query(sum(rate(chosen.series(catalog.requests), RATE), by("method", "status")), "{{method}} {{status}}"),
          ],
          whenEmpty: whyEmpty.requests,
        }),
        chart({
          key: "failing-requests",
          id: 702,
          title: "Failing requests",
          description:
            "The share of the requests of each method that fail on the gateway's or a server's side. The alert HighRequestErrorRate fires above the line.",
          unit: "percentunit",
          queries: [
            query(shareOf(sum(rate(failed, RATE), perMethod), sum(rate(served, RATE), perMethod)), "{{method}}"),
          ],
          drawn: draw("percentunit", "HighRequestErrorRate"),
          whenEmpty: whyEmpty.requests,
        }),
        chart({
          key: "transfer",
          id: 703,
          title: "Bytes by server",
          description: "Who sends and gets most: arguments, results, resources. Click a line to look at that server.",
          unit: "binBps",
          queries: [
            query(
              topk(MOST, sum(rate(chosen.series(catalog.transferBytes), RATE), by("mcp_server"))),
              "{{mcp_server}}",
            ),
          ],
          drillDown: toServer,
          whenEmpty: whyEmpty.calls,
        }),
      ],
      [
        stackedChart({
          key: "denials",
          id: 704,
          title: "Not let in",
          description:
            "Requests over HTTP that were refused, by interface and reason. Scanners show as no_credentials, unknown_api_key, malformed_token or host.",
          unit: "reqps",
          queries: [query(sum(rate(denials, RATE), by("interface", "reason")), "{{interface}} {{reason}}")],
          width: 6,
          whenEmpty: whyEmpty.denials,
        }),
        chart({
          key: "denials-with-credentials",
          id: 705,
          title: "Not let in, with credentials",
          description:
            "Those of them who have shown a key of the gateway or a token of its issuer. The alert HighAccessDenialRate fires above the line.",
          unit: "reqps",
          queries: [query(sum(rate(known, RATE), by("reason")), "{{reason}}")],
          drawn: draw("reqps", "HighAccessDenialRate"),
          width: 6,
          whenEmpty: whyEmpty.denials,
        }),
        stackedChart({
          key: "operations",
          id: 706,
          title: "Operations",
          description: "What operators and programs change through the management, and whether it was done.",
          unit: "ops",
          queries: [
            query(
              sum(rate(chosen.series(catalog.operations), RATE), by("operation", "result")),
              "{{operation}} {{result}}",
            ),
          ],
          width: 6,
          whenEmpty: "nobody changed anything in this time",
        }),
        stackedChart({
          key: "definitions-changed",
          id: 707,
          title: "Changed definitions of tools",
          description: `Tools that were added, removed or defined otherwise within ${window}, over all servers.`,
          unit: "short",
          queries: [query(sum(changes, by("change")), "{{change}}")],
          width: 6,
          whenEmpty: "no definition changed in this time",
        }),
      ],
    ],
  };
}
