/** The variables of a process, or a test's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const OTLP_PROTOCOLS = ["grpc", "http/protobuf"] as const;
export type OtlpProtocol = (typeof OTLP_PROTOCOLS)[number];

/** Where spans go. */
export interface OtlpDestination {
  /** Over HTTP the whole address, with its path; over gRPC the address of the server. */
  readonly url: string;
  readonly protocol: OtlpProtocol;
}

/** What is wrong with how tracing is configured, with the value and what to do. */
export class TracingConfigurationError extends Error {
  override readonly name = "TracingConfigurationError";
}

interface Wanted {
  /** Base address, as `OTEL_EXPORTER_OTLP_ENDPOINT` has it; the variables when absent. */
  readonly endpoint?: string | undefined;
  readonly protocol?: OtlpProtocol | undefined;
}

/** The port that collectors take gRPC at (https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-default-port). */
const GRPC_PORT = "4317";
/** Path that is appended to a base address (https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp). */
const TRACES_PATH = "v1/traces";

/**
 * Where to send spans; `undefined` when no endpoint is configured. Without a protocol, port 4317 means gRPC and every other port HTTP.
 * `endpoint` is a base address, as that of `OTEL_EXPORTER_OTLP_ENDPOINT`; `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is used as it is.
 * Throws a {@link TracingConfigurationError} for an address or a protocol that cannot be used.
 */
export function otlpDestination({ endpoint, protocol }: Wanted, env: Environment): OtlpDestination | undefined {
  const ofTraces = endpoint === undefined ? text(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) : undefined;
  const base = endpoint ?? text(env.OTEL_EXPORTER_OTLP_ENDPOINT);
  const address = ofTraces ?? base;
  if (address === undefined) return undefined;
  const url = parse(address, env);
  const chosen = protocol ?? protocolOf(env) ?? (url.port === GRPC_PORT ? "grpc" : "http/protobuf");
  if (chosen === "grpc") return { url: `${url.protocol}//${url.host}`, protocol: chosen };
  if (ofTraces === undefined) url.pathname = `${url.pathname.replace(/\/$/, "")}/${TRACES_PATH}`;
  return { url: url.href, protocol: chosen };
}

function parse(address: string, env: Environment): URL {
  // `collector:4317` is what gRPC calls an address: it means TLS unless it is said to be insecure.
  const insecure = text(env.OTEL_EXPORTER_OTLP_TRACES_INSECURE) ?? text(env.OTEL_EXPORTER_OTLP_INSECURE);
  const scheme = insecure?.toLowerCase() === "true" ? "http" : "https";
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `${scheme}://${address}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new TracingConfigurationError(
      `the OTLP endpoint "${shown(address)}" is no address; write http://host:4317 or https://host:4318`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new TracingConfigurationError(
      "the OTLP endpoint must not hold a password; put credentials into OTEL_EXPORTER_OTLP_HEADERS",
    );
  }
  return url;
}

function protocolOf(env: Environment): OtlpProtocol | undefined {
  const wanted = text(env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL) ?? text(env.OTEL_EXPORTER_OTLP_PROTOCOL);
  if (wanted === undefined) return undefined;
  const known = OTLP_PROTOCOLS.find((each) => each === wanted);
  if (known === undefined) {
    throw new TracingConfigurationError(
      `the OTLP protocol "${shown(wanted)}" is not supported; use ${OTLP_PROTOCOLS.join(" or ")}`,
    );
  }
  return known;
}

/** Variables that are set to nothing are not set (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */
export function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === "" ? undefined : trimmed;
}

function shown(value: string): string {
  return value.slice(0, 200);
}
