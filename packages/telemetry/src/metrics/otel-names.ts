import { HANGAR_ATTRIBUTES, OTEL_ATTRIBUTES } from "../attributes.ts";
import { catalog, type MetricName } from "./index.ts";

/** A metric of the OpenTelemetry semantic conventions, and the one of the catalog that measures it. */
export interface OtelMetric {
  readonly name: string;
  readonly metric: MetricName;
  /** The attribute that each label is, in Markdown. */
  readonly attributes: Readonly<Record<string, string>>;
}

const { mcpMethodName, genAiToolName, errorType } = OTEL_ATTRIBUTES;
const server = `\`${HANGAR_ATTRIBUTES.serverId}\``;

/** Of the semantic conventions for MCP and for HTTP clients. */
export const OTEL_METRICS: readonly OtelMetric[] = [
  {
    name: "mcp.server.operation.duration",
    metric: catalog.toolCallDuration.name,
    attributes: { mcp_server: server, tool: `\`${genAiToolName}\`, with \`${mcpMethodName}\` = \`tools/call\`` },
  },
  {
    name: "mcp.server.operation.duration",
    metric: catalog.requestDuration.name,
    attributes: {
      mcp_server: server,
      method: `\`${mcpMethodName}\``,
      status: `\`${errorType}\` where it is not \`success\``,
    },
  },
  {
    name: "http.client.request.duration",
    metric: catalog.httpRequestDuration.name,
    attributes: { mcp_server: server, method: "`http.request.method`" },
  },
];
