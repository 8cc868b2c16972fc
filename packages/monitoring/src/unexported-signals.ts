import type { ExportSignal } from "@mcp-hangar/telemetry";

/**
 * Signals without a series in this release, and why: no exporter that carries them reports what waits in it and what it loses. An alert
 * that selects one of them cannot fire, and has to say so. A test scrapes a gateway with every exporter and compares.
 */
export const UNEXPORTED_SIGNALS: Readonly<Partial<Record<ExportSignal, string>>> = {
  metrics: "metrics are scraped, so that nothing of them waits in the gateway or is lost there",
  audit: "no exporter of this release carries audit records",
};
