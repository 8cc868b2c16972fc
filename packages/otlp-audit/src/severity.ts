import type { AuditRecord } from "@mcp-hangar/telemetry";
import { SeverityNumber } from "@opentelemetry/api";

export interface Severity {
  readonly number: SeverityNumber;
  readonly text: string;
}

const INFO: Severity = { number: SeverityNumber.INFO, text: "INFO" };
const WARN: Severity = { number: SeverityNumber.WARN, text: "WARN" };
export const ERROR: Severity = { number: SeverityNumber.ERROR, text: "ERROR" };

/** From this severity on, of 10, what succeeded is worth a look as well: definitions of tools that changed. */
const NOTABLE_SEVERITY_MIN = 6;

/** The severity that the outcome of a record has in OpenTelemetry: errors are those of the gateway and its servers, not of callers. */
export function severityOf({ outcome, severity, type, category }: AuditRecord): Severity {
  if (outcome === "failure") return type.endsWith(".invalid") || category === "authentication" ? WARN : ERROR;
  return outcome === "denied" || severity >= NOTABLE_SEVERITY_MIN ? WARN : INFO;
}
