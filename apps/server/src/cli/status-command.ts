import { askGateway, type GatewayAddress, notAGateway } from "./ask-gateway.ts";
import { hasFields } from "./has-fields.ts";
import type { StatusOptions } from "./program.ts";
import { table } from "./table.ts";
import { printJson, printText } from "./terminal-text.ts";

/** What is shown of the gateway. */
const SYSTEM = { version: "string", uptime_seconds: "number", calls_in_flight: "number" } as const;
/** What is shown of a server. */
const SERVER = {
  id: "string",
  mode: "string",
  state: "string",
  circuit_breaker: "string",
  consecutive_failures: "number",
  in_flight: "number",
  tool_count: "number",
} as const;

const START = { phase: "string", seconds: "number", limit_seconds: "number" } as const;
const SESSIONS = { mode: "string", open: "number", max: "number" } as const;

const isSystem = (body: unknown) => hasFields(body, SYSTEM);
const isServer = (value: unknown) => hasFields(value, SERVER);
const isCheck = (value: unknown) => hasFields(value, { name: "string", status: "string" });

type Shown<Guard> = Guard extends (value: unknown) => value is infer Value ? Value : never;
type System = Shown<typeof isSystem>;
type Server = Shown<typeof isServer>;
interface Fleet {
  readonly mcp_servers: readonly Server[];
}
interface Readiness {
  readonly status: string;
  readonly checks: readonly Shown<typeof isCheck>[];
}

function isFleet(body: unknown): body is Fleet {
  return hasFields(body, { mcp_servers: "array" }) && body.mcp_servers.every(isServer);
}

function isReadiness(body: unknown): body is Readiness {
  return hasFields(body, { status: "string", checks: "array" }) && body.checks.every(isCheck);
}

/** `mcp-hangar status`: exits with 0 when the gateway is ready, 1 when it is not or does not answer. */
export async function runStatus(options: StatusOptions): Promise<number> {
  const { url, json } = options;
  const [about, fleet, ready] = await Promise.all([
    get(options, "/api/system", isSystem),
    get(options, "/api/mcp_servers", isFleet),
    get(options, "/health/ready", isReadiness),
  ]);
  if (json) printJson({ url, status: ready.status, checks: ready.checks, system: about, ...fleet });
  else printText([headline(url, about, ready), ...complaints(ready), "", serverTable(fleet.mcp_servers)].join("\n"));
  return ready.status === "unhealthy" ? 1 : 0;
}

function headline(url: string, about: System, { status }: Readiness): string {
  const uptime = duration(about.uptime_seconds);
  return `MCP Hangar ${about.version} at ${url}: ${status}, up ${uptime}, ${about.calls_in_flight} calls in flight`;
}

function complaints({ checks }: Readiness): readonly string[] {
  return checks
    .filter(({ status }) => status !== "healthy")
    .map(
      (check) =>
        `  ${check.name}: ${check.status}${hasFields(check, { message: "string" }) ? `, ${check.message}` : ""}`,
    );
}

function serverTable(fleet: readonly Server[]): string {
  if (fleet.length === 0) return "no servers are configured";
  return table(
    ["SERVER", "MODE", "STATE", "BREAKER", "FAILURES", "IN FLIGHT", "SESSIONS", "TOOLS"],
    fleet.map((each) => [
      each.id,
      each.mode,
      stateOf(each),
      each.circuit_breaker,
      String(each.consecutive_failures),
      String(each.in_flight),
      sessionsOf(each),
      // A server that was never started has listed nothing yet.
      each.state === "cold" && each.tool_count === 0 ? "-" : String(each.tool_count),
    ]),
  );
}

/** With how far a start is. A gateway of an earlier release does not say. */
function stateOf(server: Server): string {
  if (!hasFields(server, { start: "object" }) || !hasFields(server.start, START)) return server.state;
  const { phase, seconds, limit_seconds: limit } = server.start;
  return `${server.state} (${phase}, ${duration(seconds)} of ${duration(limit)})`;
}

/** Who shares a session, and how many there are. A gateway of an earlier release does not say. */
function sessionsOf(server: Server): string {
  if (!hasFields(server, { sessions: "object" }) || !hasFields(server.sessions, SESSIONS)) return "-";
  const { mode, open, max } = server.sessions;
  return mode === "shared" ? mode : `${mode} ${open}/${max}`;
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

async function get<Answer>(
  gateway: GatewayAddress,
  path: string,
  isAnswer: (body: unknown) => body is Answer,
): Promise<Answer> {
  const answer = await askGateway(gateway, path);
  if (isAnswer(answer.body)) return answer.body;
  throw notAGateway(gateway.url, path, answer);
}
