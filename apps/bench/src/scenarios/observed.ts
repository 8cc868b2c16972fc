import { readFileSync } from "node:fs";
import { HttpConnection } from "../load/http-connection.ts";
import type { Launched } from "../processes/launch.ts";
import type { Figure } from "../report/figure.ts";

/**
 * Whether the gateway really observed the load: how far `/metrics` is off the number of calls that
 * the load generator verified, and the log lines that it wrote for each of them. It keeps a fast run with telemetry off from passing for a fast gateway.
 */
export async function observedFigures(gateway: Launched, calls: number): Promise<readonly Figure[]> {
  const connection = await HttpConnection.open(gateway.url);
  try {
    const { body } = await connection.exchange(`GET /metrics HTTP/1.1\r\nhost: ${new URL(gateway.url).host}\r\n\r\n`);
    return [
      {
        id: "observed.miscounted",
        label: "calls that /metrics missed or counted twice",
        value: Math.abs(countedCalls(body) - calls),
        unit: "",
        target: { atMost: 0 },
      },
      { id: "observed.log", label: "log lines for each call made", value: lines(gateway.logFile) / calls, unit: "" },
    ];
  } finally {
    connection.close();
  }
}

/** The sum of `mcp_hangar_tool_calls_total` over all its labels in a Prometheus text. */
export function countedCalls(text: string): number {
  let sum = 0;
  for (const [, value] of text.matchAll(/^mcp_hangar_tool_calls_total\{[^\n]*\} (\S+)/gm)) sum += Number(value);
  return sum;
}

function lines(file: string): number {
  const bytes = readFileSync(file);
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
