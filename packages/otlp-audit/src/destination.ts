import { parsePairs } from "./resource.ts";

export const OTLP_PROTOCOLS = ["grpc", "http/protobuf", "http/json"] as const;
export type OtlpProtocol = (typeof OTLP_PROTOCOLS)[number];

/** Where log records are sent, and how. */
export interface OtlpDestination {
  readonly protocol: OtlpProtocol;
  /** With the path over HTTP, without one over gRPC. */
  readonly url: URL;
  /** Header fields over HTTP, metadata over gRPC; names in lower case. They hold credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds that an attempt may take. */
  readonly timeoutMs: number;
  readonly compression: "gzip" | "none";
  /** Files of certificates, as PEM. */
  readonly certificate: string | undefined;
  readonly clientCertificate: string | undefined;
  readonly clientKey: string | undefined;
}

/** What a configuration says; the environment wins over it. */
export interface OtlpDestinationOptions {
  /** As `OTEL_EXPORTER_OTLP_ENDPOINT`: `/v1/logs` is added over HTTP. */
  readonly endpoint?: string | undefined;
  readonly protocol?: OtlpProtocol | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The variables of a process. */
type Environment = Readonly<Record<string, string | undefined>>;

const GRPC_PORT = "4317";
const TIMEOUT_MS = 10_000;
const LOGS_PATH = "v1/logs";

/**
 * Where audit records are sent, by the variables `OTEL_EXPORTER_OTLP_*` and those that begin with `OTEL_EXPORTER_OTLP_LOGS_`, which come
 * first, and by a configuration. Without a protocol, port 4317 is taken for gRPC and any other for HTTP. `undefined` when nothing names an endpoint, or
 * `OTEL_SDK_DISABLED` or `OTEL_LOGS_EXPORTER` switch it off.
 * @throws Error that says what is wrong, with the variable, and without credentials.
 */
export function otlpLogsDestination(
  env: Environment,
  options: OtlpDestinationOptions = {},
): OtlpDestination | undefined {
  const variable = (name: string): Variable => variableOf(env, name);
  const isOff = env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true" || env.OTEL_LOGS_EXPORTER?.trim() === "none";
  const ofEnvironment = variable("ENDPOINT");
  const { name, value: endpoint } =
    ofEnvironment.value === undefined ? { name: "endpoint", value: options.endpoint } : ofEnvironment;
  if (endpoint === undefined || isOff) return undefined;
  const base = parseEndpoint(name, endpoint, variable("INSECURE").value?.toLowerCase() === "true");
  const protocol = protocolOf(variable("PROTOCOL"), options.protocol, base);
  const isWhole = name === "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
  return {
    protocol,
    url: protocol === "grpc" || isWhole ? base : withLogsPath(base),
    headers: headersOf(variable("HEADERS"), options.headers),
    timeoutMs: timeoutOf(variable("TIMEOUT")),
    compression: compressionOf(variable("COMPRESSION")),
    certificate: variable("CERTIFICATE").value,
    clientCertificate: variable("CLIENT_CERTIFICATE").value,
    clientKey: variable("CLIENT_KEY").value,
  };
}

interface Variable {
  readonly name: string;
  /** `undefined` when neither the one of logs nor the general one is set. */
  readonly value: string | undefined;
}

function variableOf(env: Environment, name: string): Variable {
  const ofLogs = `OTEL_EXPORTER_OTLP_LOGS_${name}`;
  const general = `OTEL_EXPORTER_OTLP_${name}`;
  const value = env[ofLogs]?.trim();
  if (value) return { name: ofLogs, value };
  return { name: general, value: env[general]?.trim() || undefined };
}

/** gRPC takes `host:port` as well, which means TLS unless it is said to be insecure. */
function parseEndpoint(name: string, text: string, isInsecure: boolean): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${isInsecure ? "http" : "https"}://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new Error(`${name} is no URL of http or https; write for example http://localhost:4318`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error(
      `${name} holds credentials; put them into OTEL_EXPORTER_OTLP_HEADERS, such as Authorization=Basic%20…`,
    );
  }
  return url;
}

function protocolOf({ name, value }: Variable, configured: OtlpProtocol | undefined, url: URL): OtlpProtocol {
  if (value === undefined) return configured ?? (url.port === GRPC_PORT ? "grpc" : "http/protobuf");
  const protocol = OTLP_PROTOCOLS.find((each) => each === value.toLowerCase());
  if (protocol === undefined) {
    throw new Error(`${name} is ${JSON.stringify(value)}; expected one of ${OTLP_PROTOCOLS.join(", ")}`);
  }
  return protocol;
}

function withLogsPath(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${LOGS_PATH}`;
  return url;
}

/** Names and values as RFC 9110 has them; anything else could end a header and begin another. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function headersOf(
  { name, value }: Variable,
  configured: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const { pairs, wrong } = parsePairs(value);
  if (wrong !== undefined) throw new Error(`${name}: entry ${wrong} is not key=value with percent-encoding`);
  const all = [...Object.entries(configured), ...pairs].map(([key, text]) => [key.toLowerCase(), text] as const);
  for (const [key, text] of all) {
    if (HEADER_NAME.test(key) && HEADER_VALUE.test(text)) continue;
    throw new Error(
      `${name}: ${JSON.stringify(key)} is no header field, or its value has characters that none may have`,
    );
  }
  return Object.fromEntries(all);
}

function timeoutOf({ name, value }: Variable): number {
  if (value === undefined) return TIMEOUT_MS;
  const timeoutMs = Number(value);
  if (!(timeoutMs >= 1 && timeoutMs <= 600_000)) {
    throw new Error(`${name} is ${JSON.stringify(value)}; expected milliseconds from 1 to 600000`);
  }
  return timeoutMs;
}

function compressionOf({ name, value = "none" }: Variable): "gzip" | "none" {
  if (value === "gzip" || value === "none") return value;
  throw new Error(`${name} is ${JSON.stringify(value)}; expected gzip or none`);
}
