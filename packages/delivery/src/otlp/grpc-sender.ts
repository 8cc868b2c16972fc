import type * as Grpc from "@grpc/grpc-js";
import type { ExportFailureReason } from "@mcp-hangar/telemetry";
import type { SendOutcome } from "../queue/send.ts";
import { collectorSays, outcomeOfAnswer } from "./answer.ts";
import type { OtlpDestination, OtlpSignal } from "./destination.ts";
import { retryAfterOf } from "./retry-info.ts";
import type { OtlpSender } from "./sender.ts";
import type { TlsFiles } from "./tls-files.ts";

export interface GrpcSenderParts {
  /** The library, which is loaded only where it is needed. */
  readonly grpc: typeof Grpc;
  readonly destination: OtlpDestination;
  readonly tls: TlsFiles;
}

const METHODS: Readonly<Record<OtlpSignal, string>> = {
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
};

/** Pauses between attempts to connect, in ms: the queue says when it tries, and must not wait for the channel. */
const RECONNECT_MS = 1_000;

/** Calls the collector over gRPC. */
export class GrpcSender implements OtlpSender {
  readonly #grpc: typeof Grpc;
  readonly #client: Grpc.Client;
  readonly #metadata: Grpc.Metadata;
  readonly #signal: OtlpSignal;

  constructor({ grpc, destination, tls }: GrpcSenderParts) {
    this.#grpc = grpc;
    this.#signal = destination.signal;
    const { url, headers, compression } = destination;
    const credentials =
      url.protocol === "https:"
        ? grpc.credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null)
        : grpc.credentials.createInsecure();
    const gzip = grpc.compressionAlgorithms.gzip;
    this.#client = new grpc.Client(url.host, credentials, {
      "grpc.primary_user_agent": "mcp-hangar",
      "grpc.initial_reconnect_backoff_ms": RECONNECT_MS,
      "grpc.max_reconnect_backoff_ms": RECONNECT_MS,
      // Retries of the library would be invisible in the accounts.
      "grpc.enable_retries": 0,
      ...(compression === "gzip" && { "grpc.default_compression_algorithm": gzip }),
    });
    this.#metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(headers)) this.#metadata.set(name, value);
  }

  send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome> {
    return new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(
        METHODS[this.#signal],
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        this.#metadata,
        (error, answer = Buffer.alloc(0)) =>
          resolve(error === null ? outcomeOfAnswer(answer, this.#signal, "grpc") : this.#outcomeOfError(error)),
      );
      signal.addEventListener("abort", () => call.cancel(), { once: true });
    });
  }

  close(): void {
    this.#client.close();
  }

  #outcomeOfError({ code, details, metadata }: Grpc.ServiceError): SendOutcome {
    const { status } = this.#grpc;
    const message = `the collector answers ${status[code] ?? code}: ${collectorSays(details)}`;
    // Receivers refuse messages beyond their limit with the code that asks others to slow down.
    const isTooLarge = code === status.RESOURCE_EXHAUSTED && /larger than max/i.test(details);
    if (code === status.INVALID_ARGUMENT || isTooLarge) return { kind: "rejected", message };
    const [trailer] = metadata.get("grpc-status-details-bin");
    const retryAfterMs = trailer instanceof Uint8Array ? retryAfterOf(trailer) : undefined;
    return {
      kind: "retry",
      reason: this.#reasonOf(code),
      message,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }

  #reasonOf(code: Grpc.status): ExportFailureReason {
    const { status } = this.#grpc;
    if (code === status.UNAVAILABLE || code === status.CANCELLED) return "connection";
    return code === status.DEADLINE_EXCEEDED ? "timeout" : "rejected";
  }
}
