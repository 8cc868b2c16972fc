import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as telemetry from "@mcp-hangar/telemetry";
import { type Finished, poll, runProcess } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayArguments, type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { readRunbookPages } from "../src/harness/runbook-pages.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { openLegacySession } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const { commands, searches, words } = readRunbookPages();
const ours = commands.filter((line) => /^(time )?mcp-hangar /.test(line)).map((line) => line.replace(/^time /, ""));

/** An event's name where the gateway's sources write it: in a call of the logger, in a line of an event, of a call. */
const EVENT_NAME = /logger\.\w+\("(\w+)"|"([a-z]+_[a-z_]+)", (?:fields|\{)|(?:success|error|timeout): "(\w+)"/g;

/** Of MCP, of HTTP and the shell, of Prometheus and Alertmanager, and of the pages themselves. */
const FOREIGN_WORDS = [
  "ping",
  "/mcp",
  "curl",
  "kill PID",
  "dmesg",
  "/health/live",
  "scrape.authorization.credentialsFile",
  "alerting",
  "activeAlertmanagers",
  // Options of the monitoring.
  "alertmanagers",
  "targetLabels",
  // Why Alertmanager gave a notification up, and what Prometheus says of a rule that fails.
  "clientError",
  "serverError",
  "contextDeadlineExceeded",
  "many-to-many matching",
  "duplicate series",
  "query timed out",
  "too many samples",
  "config.yaml",
  "gateway.log",
  "mcp-hangar",
  "--url http://HOST:PORT",
  "http://127.0.0.1:8000",
  "/api/mcp_servers/SERVER",
  // What verification of the audit journal finds, and its options.
  "edited",
  "missing",
  "inserted",
  "reordered",
  "unreadable",
  "truncated",
  "--journal",
  "--public-key",
  "--checkpoints",
  // Limits of the machine and of Node.js.
  "ulimit -n",
  "LimitNOFILE=",
  "NODE_OPTIONS=--max-old-space-size",
];
const FOREIGN_COMMAND = /^(amtool|promtool|curl) /;

let gateway: HttpGateway;
let log: string;

beforeAll(async () => {
  const quick = { call_timeout_s: 0.5, health_check_interval_s: 0.2, max_consecutive_failures: 1 };
  gateway = await startGateway({
    mcp_servers: {
      steady: nodeServer(STDIO),
      failing: { ...nodeServer(STDIO), ...quick },
      refusing: { ...nodeServer(STDIO, "--refuse"), ...quick },
    },
    circuit_breaker: { failure_threshold: 1, open_s: 60 },
    compliance: { journal: { folder: "journal" } },
  });
  const session = await openLegacySession(gateway.mcpUrl());
  const names = ["steady__ok", "steady__is_error", "failing__ok", "failing__silence", "failing__crash", "refusing__ok"];
  for (const name of names) await session.request("tools/call", { name, arguments: {} });
  await poll("a failed health check", () => gateway.events("health_check_finished").length > 0);
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
});

describe("commands of the gateway on the runbooks", () => {
  test("there are some of each", () => {
    const found = new Set(ours.map((line) => commandPath(line).join(" ")));
    expect([...found].sort()).toEqual([
      "audit verify",
      "call",
      "config check",
      "config reload",
      "keys create",
      "start",
      "status",
      "stop",
    ]);
  });

  test.each(ours)("%s: the command has these options", async (line) => {
    const path = commandPath(line);
    const { code, stdout } = await hangar([...path, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: mcp-hangar ${path.join(" ")} `));
    for (const option of line.match(/--[a-z-]+/g) ?? []) expect(stdout).toContain(option);
  });

  test.each(ours)("%s: it works as it stands", async (line) => {
    const { code, stderr } = await hangar(argumentsOf(line));
    // What goes with a new key stands beside it: its entry for the configuration.
    const complaint = stderr.startsWith("Entry for auth.api_keys.static:") ? "" : stderr;
    expect({ code, complaint }).toEqual({ code: 0, complaint: "" });
  });
});

describe("paths of the gateway on the runbooks", () => {
  const urls = [...commands, ...words.keys()].flatMap((text) => text.match(/http:\/\/[\w.]+:8000\/[\w/]+/g) ?? []);

  test("there are some", () => {
    expect(urls.length).toBeGreaterThan(3);
  });

  test.each([...new Set(urls)])("%s answers", async (url) => {
    const path = new URL(url).pathname.replace("SERVER", "steady");
    expect((await fetch(`${gateway.url}${path}`)).status).toBe(200);
  });
});

describe("searches of the log on the runbooks", () => {
  beforeAll(async () => {
    gateway.process.kill("SIGTERM");
    await gateway.process.exited;
    log = gateway.process.stderr();
  });

  test("name only events that the gateway writes", () => {
    const written = new Set(
      serverSources().flatMap((source) => [...source.matchAll(EVENT_NAME)].flatMap((match) => match.slice(1))),
    );
    const searched = new Set(searches.flatMap(({ events }) => events));
    expect([...searched].filter((event) => !written.has(event))).toEqual([]);
    expect(searched.size).toBeGreaterThan(10);
  });

  test.each(searches)("$filter", { tags: ["jq"] }, ({ filter, events, fields }) => {
    const { status, stdout, stderr } = spawnSync("jq", ["-c", filter], { input: log, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = log.split("\n").filter((line) => events.some((event) => line.includes(`"event":"${event}"`)));
    if (lines.length === 0) return;
    expect(stdout).not.toBe("");
    const keys = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line) as object)));
    const absent = fields.filter((field) => !keys.has(field));
    // What needs batches, or an outcome that this run did not have.
    expect(absent.filter((field) => !["batch_id", "session", "error"].includes(field))).toEqual([]);
  });

  test("were tried on the events that matter most", () => {
    const events = ["tool_invoked", "tool_failed", "tool_timed_out", "mcp_server_start_failed", "mcp_server_stopped"];
    const more = ["health_check_finished", "circuit_breaker_state_changed", "shutdown_started", "gateway_stopped"];
    for (const event of [...events, ...more]) expect(log).toContain(`"event":"${event}"`);
  });
});

test("every word in code font on the runbooks is a key, a value, a metric, an event, a path or a command", () => {
  const file = readFileSync(join(ROOT, "docs/reference/config.md"), "utf8");
  const reference = file.replaceAll(/^```\w*\n[\s\S]*?\n```$/gm, "");
  const inReference = [...reference.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
  const lists = Object.values(telemetry).filter((value) => Array.isArray(value));
  const known = new Set<unknown>([
    ...inReference.flatMap((word) => [word, word.replace("mcp_servers.<id>.", "")]),
    ...lists.flat(),
    ...Object.values(telemetry.catalog).map(({ name }) => name),
    ...searches.flatMap(({ events, fields }) => [...events, ...fields]),
    ...ours,
    "_other",
    ...FOREIGN_WORDS,
  ]);
  const unknown = [...words].filter(([word]) => !known.has(word) && !FOREIGN_COMMAND.test(word));
  expect(unknown).toEqual([]);
});

/** The words of a command up to its first argument or option: `config check`. */
function commandPath(line: string): readonly string[] {
  const [, ...rest] = line.split(" ");
  const end = rest.findIndex((word) => !/^[a-z]+$/.test(word));
  return end === -1 ? rest : rest.slice(0, end);
}

/** What a shell would make of the line, with a server and a tool in place of the capitals. */
function argumentsOf(line: string): readonly string[] {
  const [, ...rest] = line.replace("SERVER", "steady").replace("TOOL", "ok").split(" ");
  return rest.map((word) => word.replaceAll("'", ""));
}

/** Runs the command line beside the gateway's configuration, against the port of the gateway. */
function hangar(args: readonly string[]): Promise<Finished> {
  const env = { MCP_HTTP_PORT: new URL(gateway.url).port };
  const cwd = dirname(gateway.configFile);
  return runProcess({ command: process.execPath, args: gatewayArguments(...args), cwd, env });
}

function serverSources(): readonly string[] {
  const folder = join(ROOT, "apps/server/src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(folder, file), "utf8"));
}
