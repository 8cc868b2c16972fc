import { catalog, type HangarEventType, type MetricDefinition } from "@mcp-hangar/telemetry";
import { FACTS, type FactPlaces } from "./fact-table.ts";

const INTRODUCTION = `# Facts and where they are told

<!-- Generated from apps/server/src/facts by pnpm generate. Do not edit. -->

Whatever happens in the gateway becomes one event, and each place below tells it exactly once. Nothing that a caller does is without a
trace, apart from what stands at the end of this page; what is too frequent for the level \`info\` is in the log at the level \`debug\`.

- **Event**: its type in the stream \`GET /api/events\`.
- **Log**: the field \`event\` of its line, with the levels that it can have.
- **Metrics**: what the event is counted or measured by; see [metrics.md](metrics.md).
- **History**: \`call\`, \`task\` and \`request\` are entries of \`GET /api/history\`, \`line\` is a line of \`GET /api/mcp_servers/{server}/logs\`.
- **Audit record**: its types; see [audit.md](audit.md). Calls, tasks and other requests have one type for each way in which they can end.

Refused requests that come by the hundred are told one by one at first in log and stream, and then counted in \`events.repeated\` and
\`events_repeated\`; metrics, history and audit records have every single one.

`;

const EXEMPT = `
## What has no event

\`ping\` and notifications, by which nobody does anything; the stream (GET) of a session and answers to what a server asks, which belong to the
session and to the call; probes of \`/health\`, scrapes of \`/metrics\` and public documents, which say nothing that is anybody's; requests to
addresses at which there is nothing, outside of \`/servers/\` and \`/api/\`; bytes that are no request of HTTP, or not a whole one in time (400, 408,
431); connections beyond the limits (503), which are counted in \`mcp_hangar_load_shed_total\`; and requests of which it is not known yet whose
they are when the gateway itself fails or ends: the log has a line of them, or counts them in one.

What HTTP itself refuses of a caller who is known is a fact as any other: a method, media type, encoding or size that is not taken, no room for
the body, a client that leaves or a gateway that ends before the body has come. At an endpoint of MCP it is a \`request.finished\` of the method
\`_other\`, as are requests that came as notifications, without an id; at the management it is the \`operation.finished\` of its operation, or of
\`_other\` where there is none. An operation in which the gateway fails has ended with \`internal\`.
`;

/** The page `docs/reference/facts.md`. */
export function factsReference(): string {
  const rows = Object.entries(FACTS).map(([type, places]) => rowOf(type as HangarEventType, places));
  const head = ["Fact", "Event", "Log", "Metrics", "History", "Audit record"];
  return `${INTRODUCTION}${line(head)}${line(head.map(() => "---"))}${rows.join("")}${EXEMPT}`;
}

/** The metrics that an event of a type is counted or measured by. */
export function metricsOf(type: HangarEventType): readonly string[] {
  const definitions: readonly MetricDefinition[] = Object.values(catalog);
  return definitions.flatMap((definition) => {
    const on = "on" in definition ? definition.on : undefined;
    return on !== undefined && Object.hasOwn(on, type) ? [definition.name] : [];
  });
}

function rowOf(type: HangarEventType, { fact, log, history, audit }: FactPlaces): string {
  const lines = Object.entries(log).map(([name, levels]) => `${code(name)} (${levels.join(", ")})`);
  return line([fact, code(type), lines.join(", "), listed(metricsOf(type)), history ?? "–", listed(audit)]);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "–" : names.map(code).join(", ");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}
