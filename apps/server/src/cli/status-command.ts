import { z } from "zod";
import { askGateway, type GatewayAddress, notAGateway } from "./ask-gateway.ts";
import type { StatusOptions } from "./program.ts";
import { table } from "./table.ts";
import { printJson, printText } from "./terminal-text.ts";

const system = z.looseObject({ version: z.string(), uptime_seconds: z.number(), calls_in_flight: z.number() });
const server = z.looseObject({
  id: z.string(),
  mode: z.string(),
  state: z.string(),
  circuit_breaker: z.string(),
  consecutive_failures: z.number(),
  in_flight: z.number(),
  tool_count: z.number(),
});
const servers = z.looseObject({ mcp_servers: z.array(server) });
const readiness = z.looseObject({
  status: z.string(),
  checks: z.array(z.looseObject({ name: z.string(), status: z.string(), message: z.string().optional() })),
});

/** `mcp-hangar status`: exits with 0 when the gateway is ready, 1 when it is not or does not answer. */
export async function runStatus(options: StatusOptions): Promise<number> {
  const { url, json } = options;
  const [about, fleet, ready] = await Promise.all([
    get(options, "/api/system", system),
    get(options, "/api/mcp_servers", servers),
    get(options, "/health/ready", readiness),
  ]);
  if (json) printJson({ url, status: ready.status, checks: ready.checks, system: about, ...fleet });
  else printText([headline(url, about, ready), ...complaints(ready), "", serverTable(fleet.mcp_servers)].join("\n"));
  return ready.status === "unhealthy" ? 1 : 0;
}

function headline(url: string, about: z.infer<typeof system>, { status }: z.infer<typeof readiness>): string {
  const uptime = duration(about.uptime_seconds);
  return `MCP Hangar ${about.version} at ${url}: ${status}, up ${uptime}, ${about.calls_in_flight} calls in flight`;
}

function complaints({ checks }: z.infer<typeof readiness>): readonly string[] {
  return checks
    .filter(({ status }) => status !== "healthy")
    .map(({ name, status, message }) => `  ${name}: ${status}${message === undefined ? "" : `, ${message}`}`);
}

function serverTable(fleet: readonly z.infer<typeof server>[]): string {
  if (fleet.length === 0) return "no servers are configured";
  return table(
    ["SERVER", "MODE", "STATE", "BREAKER", "FAILURES", "IN FLIGHT", "TOOLS"],
    fleet.map((each) => [
      each.id,
      each.mode,
      each.state,
      each.circuit_breaker,
      String(each.consecutive_failures),
      String(each.in_flight),
      // A server that was never started has listed nothing yet.
      each.state === "cold" && each.tool_count === 0 ? "-" : String(each.tool_count),
    ]),
  );
}

function duration(seconds: number): string {
  const units: readonly (readonly [string, number])[] = [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first === -1) return "0s";
  return units
    .slice(first, first + 2)
    .map(
      ([unit, size], index) =>
        `${Math.floor((index === 0 ? seconds : seconds % (units[first]?.[1] ?? 1)) / size)}${unit}`,
    )
    .join(" ");
}

async function get<Schema extends z.ZodType>(
  gateway: GatewayAddress,
  path: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const answer = await askGateway(gateway, path);
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  throw notAGateway(gateway.url, path, answer);
}
