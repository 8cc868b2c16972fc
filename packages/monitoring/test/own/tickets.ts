/** An installation's own alert, with all that one needs. The README shows it. */
import {
  alertRule,
  by,
  type Extension,
  increase,
  dashboardKit as kit,
  label,
  look,
  storyKit as stories,
  sum,
  text,
  value,
  when,
} from "@mcp-hangar/monitoring";
import { catalog } from "@mcp-hangar/telemetry";

const NAME = "OwnTicketsRefused";
const WINDOW = "15m";
const LIMIT = 20;
const perReason = by("job", "reason");

const extension: Extension = {
  topic: ({ rules }) => {
    const refused = rules.series(catalog.toolCallRejections, { mcp_server: "tickets" });
    const condition = when(sum(increase(refused, WINDOW), perReason), ">", { threshold: LIMIT, unit: "short" });
    const alert = alertRule({
      alert: NAME,
      setting: { severity: "warning", for: "5m" },
      expr: condition.expr,
      conditions: [condition],
      summary: text`Calls to tickets are refused: ${label("reason")}`,
      description: text`${value("number")} calls to tickets (${label("job")}) were refused within ${WINDOW} because of ${label("reason")}.`,
      dashboard: { uid: "mcp-hangar-own-tickets" },
    });
    return { recordingRules: [], alerts: [alert] };
  },

  scenarios: (context, { alerts }) => {
    const { below, above } = stories.around(LIMIT, WINDOW, context);
    // What has to come at every step of the evaluation so that a whole window of it is at the limit.
    const steps = 900 / stories.stepOf(context);
    const labels = { mcp_server: "tickets", reason: "rate_limited" } as const;
    return stories.tell(context, stories.alertNamed(alerts, NAME), [
      {
        course: { kind: "average", window: WINDOW },
        series: stories.counter(catalog.toolCallRejections, labels, { below: below / steps, above: above / steps }),
        firing: { reason: "rate_limited" },
      },
    ]);
  },

  runbooks: ({ rules }) => [
    {
      alert: NAME,
      meaning: `More than ${LIMIT} calls to tickets were refused within ${WINDOW} for one reason.`,
      impact: "Agents that file tickets cannot.",
      confirm: [
        {
          question: "Who is it?",
          look: look.query(sum(increase(rules.series(catalog.rateLimitHits), WINDOW), by("principal"))),
        },
      ],
      causes: [{ cause: "An agent runs away", sign: "One principal far above the others.", mend: "Stop it." }],
      actions: ["Ask the owner of the agent."],
      escalate: "Tell the owner of tickets.",
      resolves: `When fewer are refused, over ${WINDOW}.`,
    },
  ],

  dashboards: [
    {
      uid: "mcp-hangar-own-tickets",
      title: "MCP Hangar / Tickets",
      description: "Whether agents can file tickets.",
      sections: ({ chosen, draw }) => [
        {
          id: 100,
          title: "Tickets",
          rows: [
            [
              kit.chart({
                key: "refused",
                id: 101,
                title: "Refused calls",
                description: "Calls to tickets that were refused. The alert OwnTicketsRefused fires above the line.",
                unit: "short",
                queries: [
                  kit.query(
                    sum(
                      increase(chosen.series(catalog.toolCallRejections, { mcp_server: "tickets" }), WINDOW),
                      by("reason"),
                    ),
                    "{{reason}}",
                  ),
                ],
                drawn: draw("short", NAME),
                width: 24,
                whenEmpty: kit.whyEmpty.refusals,
              }),
            ],
          ],
        },
      ],
    },
  ],
};

export default extension;
