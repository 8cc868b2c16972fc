import { parsePairs } from "./pairs.ts";

export const OTLP_PROTOCOLS = ["grpc", "http/protobuf", "http/json"] as const;
export type OtlpProtocol = (typeof OTLP_PROTOCOLS)[number];

/** What is sent, as the variables of OpenTelemetry and the paths of OTLP name it. */
export type OtlpSignal = "logs" | "traces";

/** Where records are sent, and how. */
export interface OtlpDestination {
  readonly signal: OtlpSignal;
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
  /** As `OTEL_EXPORTER_OTLP_ENDPOINT`: the path of the signal is added over HTTP. */
  readonly endpoint?: string | undefined;
  readonly protocol?: OtlpProtocol | undefined;
  /** Sent beside those of the environment. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Protocols that the caller can write; all when absent. */
  readonly protocols?: readonly OtlpProtocol[];
}

/** The variables of a process, or a test's own. */
export type OtlpVariables = Readonly<Record<string, string | undefined>>;

/** What is wrong with a destination: the variable or option, and what to do. It shows no credentials. */
export class OtlpConfigurationError extends Error {
  override readonly name = "OtlpConfigurationError";
}

/** The port at which collectors take gRPC (https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-default-port). */
const GRPC_PORT = "4317";
/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/#configuration-options */
const TIMEOUT_MS = 10_000;
/** Characters of a wrong value that a message repeats. */
const SHOWN_CHARS_MAX = 200;

/**
 * Where the records of a signal are sent, by the variables `OTEL_EXPORTER_OTLP_*` and those of the signal
 * (`OTEL_EXPORTER_OTLP_LOGS_*`, `OTEL_EXPORTER_OTLP_TRACES_*`), which come first, and by a configuration. Without a protocol, port 4317 is
 * taken for gRPC and any other for HTTP. `undefined` when nothing names an endpoint, or `OTEL_SDK_DISABLED`, `OTEL_LOGS_EXPORTER` or
 * `OTEL_TRACES_EXPORTER` switch it off.
 * @throws OtlpConfigurationError
 */
export function otlpDestination(
  signal: OtlpSignal,
  env: OtlpVariables,
  options: OtlpDestinationOptions = {},
): OtlpDestination | undefined {
  const prefix = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_`;
  const variable = (name: string): Variable => variableOf(env, prefix, name);
  const ofEnvironment = variable("ENDPOINT");
  const { name, value: endpoint } =
    ofEnvironment.value === undefined ? { name: "endpoint", value: options.endpoint } : ofEnvironment;
  if (endpoint === undefined || isOff(env, signal)) return undefined;
  const base = parseEndpoint(name, endpoint, variable("INSECURE").value?.toLowerCase() === "true");
  const protocol = protocolOf(variable("PROTOCOL"), options, base);
  const isWhole = name === `${prefix}ENDPOINT`;
  return {
    signal,
    protocol,
    url: protocol === "grpc" || isWhole ? base : withPath(base, `v1/${signal}`),
    headers: headersOf(variable("HEADERS"), protocol, options.headers),
    timeoutMs: timeoutOf(variable("TIMEOUT")),
    compression: compressionOf(variable("COMPRESSION")),
    certificate: variable("CERTIFICATE").value,
    clientCertificate: variable("CLIENT_CERTIFICATE").value,
    clientKey: variable("CLIENT_KEY").value,
  };
}

function isOff(env: OtlpVariables, signal: OtlpSignal): boolean {
  const is = (variable: string, value: string): boolean => env[variable]?.trim().toLowerCase() === value;
  return is("OTEL_SDK_DISABLED", "true") || is(`OTEL_${signal.toUpperCase()}_EXPORTER`, "none");
}

interface Variable {
  readonly name: string;
  /** `undefined` when neither the one of the signal nor the general one is set. Those that are set to nothing are not set. */
  readonly value: string | undefined;
}

function variableOf(env: OtlpVariables, prefix: string, name: string): Variable {
  const ofSignal = prefix + name;
  const general = `OTEL_EXPORTER_OTLP_${name}`;
  const value = env[ofSignal]?.trim();
  if (value) return { name: ofSignal, value };
  return { name: general, value: env[general]?.trim() || undefined };
}

/** gRPC takes `host:port` as well, which means TLS unless it is said to be insecure. */
function parseEndpoint(name: string, text: string, isInsecure: boolean): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${isInsecure ? "http" : "https"}://${text}`;
  const url = URL.parse(withScheme);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new OtlpConfigurationError(
      `${name} is no URL of http or https; write for example http://localhost:4317 or http://localhost:4318`,
    );
  }
  // A URL takes them for part of a name, which nobody will ever find.
  if (/[${}]/.test(url.hostname)) {
    throw new OtlpConfigurationError(`${name} has a placeholder that nobody has filled in: ${shown(url.host)}`);
  }
  if (url.port === "0") throw new OtlpConfigurationError(`${name} has port 0, at which nobody listens`);
  if (url.username !== "" || url.password !== "") {
    throw new OtlpConfigurationError(
      `${name} holds credentials; put them into OTEL_EXPORTER_OTLP_HEADERS, such as Authorization=Basic%20…`,
    );
  }
  return url;
}

function protocolOf({ name, value }: Variable, options: OtlpDestinationOptions, url: URL): OtlpProtocol {
  const { protocol: configured, protocols = OTLP_PROTOCOLS } = options;
  if (value === undefined) return configured ?? (url.port === GRPC_PORT ? "grpc" : "http/protobuf");
  const protocol = protocols.find((each) => each === value.toLowerCase());
  if (protocol === undefined) {
    throw new OtlpConfigurationError(`${name} is ${shown(value)}; expected one of ${protocols.join(", ")}`);
  }
  return protocol;
}

function withPath(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url;
}

/** Names and values as RFC 9110 has them; anything else could end a header and begin another. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/**
 * What says how a request is sent, and is decided here: with another value the collector could not read it, or would take part of it for the next
 * one. HTTP/2 forbids most of them.
 */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const OWN_METADATA = /^(?:grpc-|host$)/;
/** As metadata of gRPC: printable ASCII, and bytes under names that end so (https://grpc.io/docs/guides/metadata/). */
const METADATA_VALUE = /^[\x20-\x7e]*$/;
const BINARY_NAME = /-bin$/;

function headersOf(
  { name, value }: Variable,
  protocol: OtlpProtocol,
  configured: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const { pairs, wrong } = parsePairs(value);
  if (wrong !== undefined) {
    throw new OtlpConfigurationError(`${name}: entry ${wrong} is not key=value with percent-encoding`);
  }
  const all = [...Object.entries(configured), ...pairs].map(([key, text]) => [key.toLowerCase(), text] as const);
  for (const [key, text] of all) {
    if (protocol === "grpc" && (BINARY_NAME.test(key) || !METADATA_VALUE.test(text))) {
      throw new OtlpConfigurationError(
        `${name}: ${shown(key)} cannot be sent over gRPC, which takes printable ASCII and no names that end in "-bin"; use http/protobuf`,
      );
    }
    if (OWN_HEADERS.has(key) || (protocol === "grpc" && OWN_METADATA.test(key))) {
      throw new OtlpConfigurationError(
        `${name}: ${shown(key)} says how requests are sent, which the gateway decides; leave it out`,
      );
    }
    if (HEADER_NAME.test(key) && HEADER_VALUE.test(text)) continue;
    throw new OtlpConfigurationError(
      `${name}: ${shown(key)} is no header field, or its value has characters that none may have`,
    );
  }
  return Object.fromEntries(all);
}

function timeoutOf({ name, value }: Variable): number {
  if (value === undefined) return TIMEOUT_MS;
  const timeoutMs = Number(value);
  if (!(timeoutMs >= 1 && timeoutMs <= 600_000)) {
    throw new OtlpConfigurationError(`${name} is ${shown(value)}; expected milliseconds from 1 to 600000`);
  }
  return timeoutMs;
}

function compressionOf({ name, value = "none" }: Variable): "gzip" | "none" {
  const compression = value.toLowerCase();
  if (compression === "gzip" || compression === "none") return compression;
  throw new OtlpConfigurationError(`${name} is ${shown(value)}; expected gzip or none`);
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, SHOWN_CHARS_MAX));
}
