import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpConnection } from "../load/http-connection.ts";
import type { Launched } from "../processes/launch.ts";
import type { Figure } from "../report/figure.ts";

/** Exporters to other systems, as labels of their series have them; scores are left out, which are limited by the second. */
const EXPORTERS = 'exporter="(?:otlp_traces|otlp_audit|langfuse|audit_\\w+)"';

/**
 * Whether the gateway really observed the load: how far `/metrics` is off the number of calls that
 * the load generator verified, and the log lines that it wrote for each of them. It keeps a fast run with telemetry off from passing for a fast gateway.
 */
export async function observedFigures(gateway: Launched, calls: number): Promise<readonly Figure[]> {
  return [
    {
      id: "observed.miscounted",
      label: "calls that /metrics missed or counted twice",
      value: Math.abs(countedCalls(await metricsOf(gateway)) - calls),
      unit: "",
      target: { atMost: 0 },
    },
    { id: "observed.log", label: "log lines for each call made", value: lines(gateway.logFile) / calls, unit: "" },
  ];
}

/** The part of what left the gateway's exporters that they dropped: a fast run that sent nothing must not pass for a fast exporter. */
export async function lostShare(gateway: Launched): Promise<number> {
  const text = await metricsOf(gateway);
  const dropped = summed(text, "mcp_hangar_telemetry_dropped_total", EXPORTERS);
  const all = dropped + summed(text, "mcp_hangar_telemetry_events_total", EXPORTERS);
  return all === 0 ? 0 : dropped / all;
}

/** Records that the gateway has written into its audit journal. */
export async function journaled(gateway: Launched): Promise<number> {
  return summed(await metricsOf(gateway), "mcp_hangar_telemetry_events_total", 'exporter="audit_journal"');
}

/** Calls that the gateway has counted. */
export async function callsCounted(gateway: Launched): Promise<number> {
  return countedCalls(await metricsOf(gateway));
}

/** Waits until nothing is left in the queues of the gateway's exporters. Throws when that takes more than a minute. */
export async function allDelivered(gateway: Launched): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (summed(await metricsOf(gateway), "mcp_hangar_telemetry_queue_size", EXPORTERS) > 0) {
    if (performance.now() > deadlineMs) throw new Error("the exporters have not delivered everything within a minute");
    await sleep(250);
  }
}

async function metricsOf(gateway: Launched): Promise<string> {
  const connection = await HttpConnection.open(gateway.url);
  try {
    const { host } = new URL(gateway.url);
    return (await connection.exchange(`GET /metrics HTTP/1.1\r\nhost: ${host}\r\n\r\n`)).body;
  } finally {
    connection.close();
  }
}

/** The sum of `mcp_hangar_tool_calls_total` over all its labels in a Prometheus text. */
export function countedCalls(text: string): number {
  return summed(text, "mcp_hangar_tool_calls_total");
}

/** The sum over all series of a metric whose labels match the expression. */
function summed(text: string, metric: string, labels = ""): number {
  const series = text.matchAll(new RegExp(`^${metric}\\{[^\\n]*${labels}[^\\n]*\\} (\\S+)`, "gm"));
  let sum = 0;
  for (const [, value] of series) sum += Number(value);
  return sum;
}

function lines(file: string): number {
  const bytes = readFileSync(file);
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
