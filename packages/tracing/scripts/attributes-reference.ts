import { HANGAR_ATTRIBUTES, OTEL_ATTRIBUTES } from "@mcp-hangar/telemetry";
import { ATTRIBUTE_DESCRIPTIONS, SPAN_KINDS } from "./attribute-descriptions.ts";

/** The page of all attributes of spans. */
export function attributesReference(): string {
  return `# Attributes of spans

<!-- Generated from packages/telemetry/src/attributes.ts and packages/tracing/scripts by pnpm generate. Do not edit. -->

Spans have Hangar's own names (\`mcp.*\`), and beside them those of the OpenTelemetry semantic conventions for MCP and generative AI
(status: Development). An attribute whose value is not known is left out. Texts are cut, and secrets in them replaced by \`[redacted]\`.
A span that failed has the status \`ERROR\`, \`error.type\`, and as its description what went wrong.

| Span | What it is |
| --- | --- |
${Object.entries(SPAN_KINDS)
  .map(([type, description]) => `| ${type} | ${description} |`)
  .join("\n")}

Moments in a call are events on its span: \`failover\` and \`rate_limited\`.

## Hangar's names

${table(Object.values(HANGAR_ATTRIBUTES))}

## Names of the OpenTelemetry conventions

${table(Object.values(OTEL_ATTRIBUTES))}

Attributes without a span are set by you, with \`setGovernanceAttributes\` of \`@mcp-hangar/tracing\`.
`;
}

function table(names: readonly (keyof typeof ATTRIBUTE_DESCRIPTIONS)[]): string {
  const rows = names.map((name) => {
    const { description, on } = ATTRIBUTE_DESCRIPTIONS[name];
    return `| \`${name}\` | ${on.length === 0 ? "–" : on.join(", ")} | ${description} |`;
  });
  return ["| Attribute | Spans | What it says |", "| --- | --- | --- |", ...rows].join("\n");
}
