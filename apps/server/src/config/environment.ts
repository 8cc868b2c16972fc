import { authority } from "../http/host-names.ts";

/** The variables of the process, or a test's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Which front door `serve` opens when no option says so. */
export const SERVE_MODES = ["stdio", "http"] as const;
export type ServeMode = (typeof SERVE_MODES)[number];

/** One environment variable that the gateway reads by itself; `${VAR}` in the file may name any other. */
export interface EnvironmentVariable {
  readonly name: string;
  /** The configuration key it overrides; `undefined` when it has none. */
  readonly path: readonly string[] | undefined;
  readonly description: string;
}

/** An environment variable wins over the file, and an option of the command line wins over both. */
export const ENVIRONMENT: readonly EnvironmentVariable[] = [
  { name: "MCP_CONFIG", path: undefined, description: "Configuration file, unless `--config` names one." },
  { name: "MCP_MODE", path: undefined, description: "`http` or `stdio`: what `serve` does without `--http`." },
  { name: "MCP_HTTP_HOST", path: ["http", "host"], description: "Address to bind." },
  { name: "MCP_HTTP_PORT", path: ["http", "port"], description: "Port to bind." },
  {
    name: "MCP_API_KEY",
    path: undefined,
    description: "Key that commands show a gateway that asks who its callers are.",
  },
  {
    name: "HTTPS_PROXY",
    path: undefined,
    description:
      "Proxy for everything that goes out over HTTPS, unless `egress.proxy` names one. `https_proxy` wins over it.",
  },
  {
    name: "HTTP_PROXY",
    path: undefined,
    description: "The same for plain HTTP. `http_proxy` wins over it.",
  },
  {
    name: "NO_PROXY",
    path: undefined,
    description:
      "Hosts that are connected to directly, separated by commas: names with what is below them, addresses, ranges, `*`. `no_proxy` wins over it.",
  },
  {
    name: "SSL_CERT_FILE",
    path: undefined,
    description:
      "PEM bundle of the authorities that are trusted in place of those of Node.js. `NODE_EXTRA_CA_CERTS` and `egress.ca_file` add to it.",
  },
  { name: "MCP_LOG_LEVEL", path: ["logging", "level"], description: "Least level that is written." },
  {
    name: "MCP_TRACING_ENABLED",
    path: ["observability", "tracing", "enabled"],
    description: "`false`: no spans are made. Without it, they are when there is an endpoint.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    path: undefined,
    description:
      "Collector that takes traces, audit records and, where `observability.otlp_logs` is enabled, log lines over OTLP; wins over `endpoint` of `observability.tracing`, `observability.otlp_audit` and `observability.otlp_logs`. The other variables of the OpenTelemetry SDK for traces and for logs hold too: endpoint, protocol, headers, certificates, compression, timeout, sampler, limits, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_EXPORTER`, `OTEL_LOGS_EXPORTER`, `OTEL_SDK_DISABLED`.",
  },
  {
    name: "OTEL_SERVICE_NAME",
    path: ["observability", "tracing", "service_name"],
    description: "What the gateway is called in traces, audit records and log records.",
  },
  {
    name: "MCP_COMPLIANCE_OUTPUT",
    path: ["compliance", "output"],
    description: "Where audit records go: `stderr`, a path, `syslog://host:port`, `syslog+tls://host:port`.",
  },
  {
    name: "MCP_COMPLIANCE_FORMAT",
    path: ["compliance", "format"],
    description: "How they are written: `json-lines`, `cef`, `leef`, `syslog`, `ecs`, `ocsf` or `splunk-hec`.",
  },
  { name: "MCP_JSON_LOGS", path: ["logging", "json_format"], description: "`true` or `false`: JSON lines or not." },
  {
    name: "MCP_LANGFUSE_ENABLED",
    path: ["observability", "langfuse", "enabled"],
    description: "`true` or `false`: sends tool calls to Langfuse or not.",
  },
  {
    name: "LANGFUSE_PUBLIC_KEY",
    path: ["observability", "langfuse", "public_key"],
    description: "Public key of a project in Langfuse.",
  },
  {
    name: "LANGFUSE_SECRET_KEY",
    path: ["observability", "langfuse", "secret_key"],
    description: "Secret key of that project.",
  },
  {
    name: "LANGFUSE_BASE_URL",
    path: ["observability", "langfuse", "host"],
    description: "Base URL of Langfuse, unless `LANGFUSE_HOST` names one.",
  },
  { name: "LANGFUSE_HOST", path: ["observability", "langfuse", "host"], description: "Base URL of Langfuse." },
  {
    name: "LANGFUSE_TRACING_ENVIRONMENT",
    path: ["observability", "langfuse", "environment"],
    description: "Environment in Langfuse.",
  },
  { name: "LANGFUSE_RELEASE", path: ["observability", "langfuse", "release"], description: "Release in Langfuse." },
];

/** Where a gateway with this environment listens, for commands that ask one. */
export function gatewayUrl(env: Environment): string {
  const host = env.MCP_HTTP_HOST || "127.0.0.1";
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${authority(reachable, Number(env.MCP_HTTP_PORT) || 8000)}`;
}
