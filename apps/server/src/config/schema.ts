import {
  circuitBreakerOptions,
  discoveryOptions,
  entryOptions,
  executionOptions,
  rateLimitOptions,
  serverId,
  tasksOptions,
} from "@mcp-hangar/core";
import { z } from "zod";
import { authOptions } from "../access/options.ts";
import { complianceOptions } from "../compliance/options.ts";
import { egressOptions } from "../egress/options.ts";
import { historyOptions } from "../history/options.ts";
import { parseHost } from "../http/host-names.ts";
import { securityOptions } from "../http/security-options.ts";
import { managementOptions } from "../management/options.ts";
import { mcpOptions } from "../mcp/options.ts";
import { otlpAuditOptions } from "../otlp-audit/options.ts";
import { otlpLogsOptions } from "../otlp-logs/options.ts";
import { tracingOptions } from "../tracing/options.ts";
import { langfuseOptions } from "./langfuse-options.ts";
import { usageOptions } from "./usage-options.ts";

/** Severities of log lines, from the most talkative to the quietest. */
export const LOG_LEVELS = ["debug", "info", "warning", "error", "critical"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** 0 asks the system for a free port. */
const port = z.int().min(0).max(65_535);
const seconds = z.number().positive().max(86_400);
const name = z.string().min(1).max(253);

const loggingOptions = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default("info").describe("Lines below this level are not written. Case does not matter."),
    json_format: z
      .boolean()
      .optional()
      .describe("JSON lines if true, a human format if false. If unset: human on a terminal, else JSON lines."),
    file: z.string().min(1).optional().describe("Appends the JSON lines to this file too (created with mode 0600)."),
  })
  .describe("Structured logs. They go to stderr, never to stdout.");
export type LoggingOptions = z.infer<typeof loggingOptions>;

const metricsOptions = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Serves `/metrics`."),
    host: name.default("127.0.0.1").describe("Address of the separate listener; read only together with `port`."),
    port: port.optional().describe("Serves `/metrics` on this port only, apart from the traffic. 0 takes a free one."),
    series_limit: z
      .int()
      .min(10)
      .max(1_000_000)
      .default(100_000)
      .describe("Label sets a metric may have; what exceeds them is counted under `_other`."),
    tools_limit: z
      .int()
      .min(1)
      .max(100_000)
      .default(5_000)
      .describe(
        "Tools that may have series of their own, some forty each, from their first call on; calls of the others are counted under `_other` of their server.",
      ),
    tools_per_server_limit: z.int().min(1).max(100_000).default(500).describe("As `tools_limit`, for each server."),
    runtime: z.boolean().default(true).describe("Exports process and Node.js metrics (`process_*`, `nodejs_*`) too."),
  })
  .describe("Prometheus metrics.");

const httpOptions = z
  .strictObject({
    host: name
      .default("127.0.0.1")
      .describe("Address to bind. Others than loopback need `auth`, or `--unsafe-no-auth`."),
    port: port.default(8000).describe("Port to bind. 0 takes a free one."),
    allowed_hosts: z
      .array(name.refine((host) => parseHost(host) !== undefined, { error: "a name or address, perhaps with a port" }))
      .max(1_000)
      .default([])
      .describe(
        "Names accepted in the Host header, with or without a port, beside loopback names, the address that is bound (bound to all, those of the machine) and the host of `public_url`. For every bind, `/metrics` and probes.",
      ),
    allowed_origins: z
      .array(z.url({ protocol: /^https?$/ }))
      .max(1_000)
      .default([])
      .describe("Origins of web pages accepted beside loopback ones, such as `https://chat.example.com`."),
    ...securityOptions,
    max_body_bytes: z
      .int()
      .min(1_024)
      .max(1_073_741_824)
      .default(4_194_304)
      .describe("Largest request body; a larger one is answered with 413."),
    max_header_bytes: z
      .int()
      .min(1_024)
      .max(1_048_576)
      .default(16_384)
      .describe("Largest request head; a larger one is answered with 431."),
    max_connections: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe(
        "Connections open at once, and at most two fifths of the descriptors that the process may have (`ulimit -n`). A few more are let in for the probes and `/metrics` only.",
      ),
    max_connections_per_address: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1_000)
      .describe(
        "Connections open at once from one address, or one IPv6 network of 64 bits. `trusted_proxies` are exempt.",
      ),
    headers_timeout_s: seconds.default(10).describe("Time a client may take to send the request head."),
    request_timeout_s: seconds.default(30).describe("Time a client may take to send a whole request."),
    write_timeout_s: seconds
      .default(30)
      .describe("Time a client may take nothing of an answer that waits for it; then its connection is ended."),
    max_buffered_bytes: z
      .int()
      .min(1_048_576)
      .default(268_435_456)
      .describe(
        "Bytes of request bodies and unread answers that are held at once. What finds no room is refused as `overloaded`.",
      ),
    max_buffered_bytes_per_caller: z
      .int()
      .min(1_048_576)
      .default(67_108_864)
      .describe(
        "The same for one caller; without authentication, for one address. A single larger answer is let through.",
      ),
    keep_alive_timeout_s: seconds.default(60).describe("Time an idle connection is kept open."),
    shutdown_timeout_s: seconds.default(10).describe("Time that calls in flight get to finish after SIGTERM."),
  })
  .describe("The HTTP front door of `serve --http`.");

const configReloadOptions = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe("Reloads when asked: by SIGHUP, `POST /api/config/reload` or `hangar_reload_config`. If false, never."),
    watch: z.boolean().default(true).describe("Reloads by itself when the file has changed."),
    debounce_s: z
      .number()
      .min(0.1)
      .max(3_600)
      .default(1)
      .describe("Time for which a changed file must have stayed the same before it is read."),
  })
  .describe("Changes of the configuration while the gateway runs.");
export type ConfigReloadOptions = z.infer<typeof configReloadOptions>;

/** The whole configuration. Every key has a reader; a key that nothing reads is refused as unknown. */
export const configSchema = z
  .strictObject({
    mcp_servers: z
      .record(serverId, entryOptions)
      .default({})
      .describe(`The MCP servers behind the gateway, and groups of them, by id. An id is ${serverId.description}.`),
    execution: executionOptions.prefault({}).describe("Limits that all servers share."),
    rate_limit: rateLimitOptions.prefault({}).describe("Token bucket a principal."),
    circuit_breaker: circuitBreakerOptions.prefault({}).describe("Circuit breaker of every server."),
    tasks: tasksOptions
      .prefault({})
      .describe(
        "Tasks of revision 2025-11-25: tool calls that go on at their servers, for clients that come back for the results. They are relayed where a server makes them, and end with the gateway.",
      ),
    discovery: discoveryOptions.prefault({}).describe("Servers that are found while the gateway runs."),
    egress: egressOptions.prefault({}),
    logging: loggingOptions.prefault({}),
    observability: z
      .strictObject({
        metrics: metricsOptions.prefault({}),
        otlp_audit: otlpAuditOptions.prefault({}),
        otlp_logs: otlpLogsOptions.prefault({}),
        tracing: tracingOptions.prefault({}),
        usage: usageOptions.prefault({}),
        langfuse: langfuseOptions.prefault({}),
      })
      .prefault({})
      .describe("What the gateway tells other systems about itself."),
    compliance: complianceOptions.prefault({}),
    http: httpOptions.prefault({}),
    history: historyOptions.prefault({}),
    auth: authOptions.prefault({}),
    management: managementOptions.prefault({}),
    mcp: mcpOptions.prefault({}),
    config_reload: configReloadOptions.prefault({}),
  })
  .superRefine(({ observability, compliance }, context) => {
    const keys = [observability.tracing.args_hash_key, compliance.args_hash_key].filter((key) => key !== undefined);
    if (new Set(keys).size < 2) return;
    const message = "another key than observability.tracing.args_hash_key: spans and records have one, so set either";
    context.addIssue({ code: "custom", path: ["compliance", "args_hash_key"], message, params: { statement: true } });
  });
export type Config = z.infer<typeof configSchema>;
