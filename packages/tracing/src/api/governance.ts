import { HANGAR_ATTRIBUTES, type SpanAttributes } from "@mcp-hangar/telemetry";
import type { Span } from "@opentelemetry/api";

/**
 * Facts for governance, by the keys of `HANGAR_ATTRIBUTES`: `serverId` becomes `mcp.server.id`, `callerRoles` `mcp.caller.roles`, and so
 * on. What is not known is left out.
 */
export type GovernanceAttributes = {
  readonly [Key in keyof typeof HANGAR_ATTRIBUTES]?: SpanAttributes[string] | null | undefined;
};

/** Sets Hangar's attributes on a span. Absent values are omitted. */
export function setGovernanceAttributes(span: Span, attributes: GovernanceAttributes): void {
  for (const [key, name] of Object.entries(HANGAR_ATTRIBUTES)) {
    // The table has every key that the type has.
    const value = attributes[key as keyof typeof HANGAR_ATTRIBUTES];
    if (value !== undefined && value !== null) span.setAttribute(name, value);
  }
}
