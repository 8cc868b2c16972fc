import { z } from "zod";
import { addressRange } from "./address-range.ts";
import { offerRules } from "./catalog/rule-options.ts";
import { groupShape } from "./groups/options.ts";
import { refuseWith } from "./option-problem.ts";
import { serverId } from "./server-id.ts";
import { containerOptions } from "./transports/docker/container-options.ts";
import { containerProblems } from "./transports/docker/container-problems.ts";
import { remoteProblems } from "./transports/http/remote-problems.ts";
import { subprocessProblems } from "./transports/stdio/subprocess-problems.ts";

/** Seconds, up to a day: longer than any sane timeout, short enough that a typing error shows. */
const seconds = z.number().positive().max(86_400);

const MEBIBYTE = 1024 * 1024;

/** Name or number of a user or group of the system; the largest number means nobody. */
const account = z.union([z.int().min(0).max(4_294_967_294), z.string().min(1).max(256)]);

/** In front of names, of servers and groups. */
const prefix = serverId
  .optional()
  .describe("Stands in front of its tools and prompts on `/mcp` in the place of its id: `<prefix>__<tool>`. As an id.");

const common = {
  ...offerRules("server"),
  prefix,
  idle_ttl_s: seconds.default(300).describe("Stop the server after this time without calls."),
  health_check_interval_s: seconds.default(60).describe("Time between health checks."),
  max_consecutive_failures: z.int().min(1).max(100).default(3).describe("Failed checks until the server is degraded."),
  max_concurrency: z.int().min(1).max(10_000).optional().describe("Calls in flight at the server."),
  start_timeout_s: seconds.default(30).describe("Time a start may take, handshake and tool list included."),
  max_message_bytes: z
    .int()
    .min(65_536)
    .max(256 * MEBIBYTE)
    .default(64 * MEBIBYTE)
    .describe(
      "Bytes of one message of the server, a result above all. A larger one fails the request that it answers.",
    ),
  list_max_age_s: seconds
    .optional()
    .describe(
      "Age from which a list is fetched again when somebody asks for it, of a server that does not announce changes. Without it a minute, or five health checks if that is less.",
    ),
  call_timeout_s: seconds
    .default(30)
    .describe(
      "Time a call may take, a cold start included. It begins anew with each sign of progress, and stands still while the client is asked something for the server.",
    ),
  sessions: z
    .enum(["shared", "per_caller", "per_client"])
    .default("shared")
    .describe(
      "Who shares a session with the server, and so what the server remembers: everybody, the clients of one caller, or nobody. With sessions of their own, a subprocess or container is started for each. Callers who do not say who they are count as their clients do.",
    ),
  max_sessions: z
    .int()
    .min(1)
    .max(1_000)
    .default(20)
    .describe(
      "Sessions of callers or clients at a time; for one more, the session that was idle for longest is ended. One caller may have four fifths of five or more. The lists are asked for in one session besides.",
    ),
  max_call_s: seconds
    .default(3_600)
    .describe("Time a call may take in all, progress and questions included; never less than `call_timeout_s`."),
  ask_timeout_s: seconds
    .default(600)
    .describe(
      "Time a client has to answer what the server asks it in the middle of a call; then the server is told that nobody answered.",
    ),
} as const;

/** A server run as a child process that speaks MCP over its pipes. */
export const subprocessOptions = z
  .strictObject({
    mode: z.literal("subprocess").describe("How the server is run: as a child process of the gateway."),
    command: z
      .union([z.string().min(1), z.array(z.string()).min(1)])
      .describe("Program to run, or program and arguments as a list. No shell is involved."),
    args: z.array(z.string()).default([]).describe("Arguments after those in command."),
    env: z.record(z.string(), z.string()).default({}).describe("Variables added to the minimal inherited environment."),
    cwd: z.string().min(1).optional().describe("Working directory."),
    user: account
      .optional()
      .describe("User as whom the server runs, by name or number. Only for a gateway that runs as root."),
    group: account.optional().describe("Group as which the server runs; the user's own if absent."),
    fetch_timeout_s: seconds
      .default(600)
      .describe(
        "Time that an installer (`npx`, `uvx`, `pnpm dlx`, `bunx` …) may take to fetch the server; `start_timeout_s` begins when the server itself runs.",
      ),
    ...common,
  })
  .superRefine(refuseWith(subprocessProblems));
export type SubprocessOptions = z.infer<typeof subprocessOptions>;

/** TLS towards a peer. */
export const tlsOptions = z
  .strictObject({
    ca_file: z.string().min(1).optional().describe("PEM bundle that replaces the system's authorities."),
    cert_file: z.string().min(1).optional().describe("PEM client certificate."),
    key_file: z.string().min(1).optional().describe("PEM key of the client certificate."),
    server_name: z.string().min(1).optional().describe("Name to verify instead of the host of the endpoint."),
    insecure_skip_verify: z.boolean().default(false).describe("Accept any certificate. For tests only."),
  })
  .describe("TLS towards the server.");
export type TlsOptions = z.infer<typeof tlsOptions>;

const authOptions = z
  .discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("bearer").describe("A bearer token."),
      token: z.string().min(1).describe("The token, without the word Bearer."),
    }),
    z.strictObject({
      type: z.literal("basic").describe("User name and password."),
      username: z.string().min(1).describe("The user name."),
      password: z.string().describe("The password."),
    }),
  ])
  .describe("Credentials towards the server.");

const addressGuardOptions = z
  .strictObject({
    allow: z
      .array(addressRange)
      .max(1_000)
      .default([])
      .describe(
        "Addresses and ranges that are not public and may be connected to nevertheless, such as `10.1.0.0/16`.",
      ),
  })
  .describe(
    "Refuses connections to loopback, private, link-local and other special addresses, whatever the name resolves to. Servers of discovery sources always have it.",
  );

/** A server reached over HTTP. */
export const remoteOptions = z
  .strictObject({
    mode: z.literal("remote").describe("How the server is reached: over HTTP."),
    endpoint: z.url({ protocol: /^https?$/ }).describe("URL of the server's MCP endpoint."),
    transport: z
      .enum(["auto", "streamable_http", "sse"])
      .default("auto")
      .describe(
        "What the server speaks: Streamable HTTP, or HTTP+SSE of revision 2024-11-05. Found by asking for the one and then for the other, unless it is set.",
      ),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .describe("Headers sent with every request, but for those that HTTP and MCP themselves need."),
    auth: authOptions.optional(),
    tls: tlsOptions.optional(),
    address_guard: addressGuardOptions.optional(),
    ...common,
  })
  .superRefine(refuseWith(remoteProblems));
export type RemoteOptions = z.infer<typeof remoteOptions>;

/** A server run in a container of its own, that speaks MCP over its pipes. */
export const dockerOptions = z
  .strictObject({
    mode: z.literal("docker").describe("How the server is run: in a container, with the client of Docker or Podman."),
    ...containerOptions,
    ...common,
  })
  .superRefine(refuseWith(containerProblems));
export type DockerOptions = z.infer<typeof dockerOptions>;

/** The age from which a list of a server that announces no changes is fetched again, in milliseconds. */
export function listMaxAgeMs(options: Pick<ServerOptions, "list_max_age_s" | "health_check_interval_s">): number {
  return (options.list_max_age_s ?? Math.min(60, 5 * options.health_check_interval_s)) * 1_000;
}

/** One server: an entry of `mcp_servers` that is no group. */
export const serverOptions = z.discriminatedUnion("mode", [subprocessOptions, dockerOptions, remoteOptions]);
export type ServerOptions = z.infer<typeof serverOptions>;

/** Several servers that do the same, behind one name. */
export const groupOptions = z.strictObject({
  ...groupShape,
  ...offerRules("group"),
  prefix,
  call_timeout_s: common.call_timeout_s,
});
export type GroupOptions = z.infer<typeof groupOptions>;
export type MemberOptions = GroupOptions["members"][number];

/** One entry of `mcp_servers`: a server, or a group of them. */
export const entryOptions = z.discriminatedUnion("mode", [...serverOptions.options, groupOptions]);
export type EntryOptions = z.infer<typeof entryOptions>;

/** Limits that all servers share. */
export const executionOptions = z.strictObject({
  max_concurrency: z.int().min(1).max(100_000).default(50).describe("Calls in flight over all servers."),
  default_mcp_server_concurrency: z
    .int()
    .min(1)
    .max(10_000)
    .default(10)
    .describe("max_concurrency of servers without one."),
  max_concurrency_per_caller: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(
      "Calls of one caller in flight over all servers, and the same part of each server's slots and of `max_waiting`. Without it four fifths. While several callers take much, each gets less, so that there is room for others. With as many as `max_concurrency`, one caller may take everything.",
    ),
  max_waiting: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1_000)
    .describe("Calls that may wait for a slot, a server; more are refused as overloaded."),
});
export type ExecutionOptions = z.infer<typeof executionOptions>;

/** Token bucket a principal. */
export const rateLimitOptions = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe(
      "Limits tool calls and other requests to servers, and with buckets of their own the operations of management; without it nothing is limited.",
    ),
  requests_per_second: z.number().positive().max(1_000_000).default(100).describe("Refill of each principal's bucket."),
  burst: z.int().min(1).max(1_000_000).default(200).describe("Size of each principal's bucket."),
});
export type RateLimitOptions = z.infer<typeof rateLimitOptions>;

/** Circuit breaker of every server. */
export const circuitBreakerOptions = z.strictObject({
  failure_threshold: z
    .int()
    .min(1)
    .max(1_000)
    .default(5)
    .describe("Failures in a row that open the breaker; a crash is one, however many calls it ends."),
  open_s: seconds.default(30).describe("Time an open breaker refuses calls before it lets a probe through."),
});
export type CircuitBreakerOptions = z.infer<typeof circuitBreakerOptions>;
