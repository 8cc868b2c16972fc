import { fileURLToPath } from "node:url";
import { loadSync, type MethodDefinition, type ServiceDefinition } from "@grpc/proto-loader";
import Long from "long";
import protobuf from "protobufjs";

/** What OTLP carries, each by a service of its own. */
export const OTLP_SIGNALS = ["traces", "logs", "metrics"] as const;
export type OtlpSignal = (typeof OTLP_SIGNALS)[number];

/** A message as the `.proto` files describe it: camel case, 64-bit numbers as decimal strings, enumerations by name, bytes as buffers. */
export type ProtoMessage = Readonly<Record<string, unknown>>;

interface OtlpService {
  readonly definition: ServiceDefinition;
  readonly export: MethodDefinition<ProtoMessage, ProtoMessage>;
  /** Where `partialSuccess` of the answer counts what was rejected. */
  readonly rejectedField: string;
}

// protobufjs looks for it by itself and does not find it under the conditions that vitest resolves with; nanoseconds need all 64 bits.
protobuf.util.Long = Long;
protobuf.configure();

const directory = fileURLToPath(new URL("../../opentelemetry-proto", import.meta.url));
const name = (signal: string): string => `opentelemetry/proto/collector/${signal}/v1/${signal}_service.proto`;

const loaded = loadSync([name("trace"), name("logs"), name("metrics")], {
  includeDirs: [directory],
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** The services of the published files of opentelemetry-proto 1.11.0, which are kept beside this package. */
export const OTLP_SERVICES: Readonly<Record<OtlpSignal, OtlpService>> = {
  traces: service("opentelemetry.proto.collector.trace.v1.TraceService", "rejectedSpans"),
  logs: service("opentelemetry.proto.collector.logs.v1.LogsService", "rejectedLogRecords"),
  metrics: service("opentelemetry.proto.collector.metrics.v1.MetricsService", "rejectedDataPoints"),
};

function service(fullName: string, rejectedField: string): OtlpService {
  const definition = loaded[fullName];
  if (definition === undefined || "format" in definition) throw new Error(`the files define no service ${fullName}`);
  const method = definition.Export;
  if (method === undefined) throw new Error(`${fullName} has no method Export`);
  // The loader types messages as `object`; the options above say what is in them.
  return { definition, export: method as MethodDefinition<ProtoMessage, ProtoMessage>, rejectedField };
}
