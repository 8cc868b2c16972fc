import type { Socket } from "node:net";
import type * as Grpc from "@grpc/grpc-js";
import { egress } from "@mcp-hangar/egress";
import type { ExportFailureReason } from "@mcp-hangar/telemetry";
import type { SendOutcome } from "../queue/send.ts";
import { adviceOn } from "./advice.ts";
import { ANSWER_BYTES_MAX, collectorSays, outcomeOfAnswer } from "./answer.ts";
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

const NO_GRPC: SendOutcome = {
  kind: "retry",
  reason: "rejected",
  message: "something other than gRPC answers; is the endpoint that of an OTLP receiver, and its protocol gRPC?",
};

/** How the library says that an answer is longer than what is read of one. Others write "vs.". */
const OWN_LIMIT = new RegExp(`(?:vs |decompresses to a size larger than )${ANSWER_BYTES_MAX}\\)?$`);

/** Calls the collector over gRPC. */
export class GrpcSender implements OtlpSender {
  readonly #grpc: typeof Grpc;
  readonly #client: Grpc.Client;
  readonly #metadata: Grpc.Metadata;
  readonly #signal: OtlpSignal;
  /** Connections that are open or being made. */
  readonly #sockets = new Set<Socket>();

  constructor({ grpc, destination, tls }: GrpcSenderParts) {
    this.#grpc = grpc;
    this.#signal = destination.signal;
    const { url, headers, compression } = destination;
    const credentials =
      url.protocol === "https:"
        ? grpc.credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null)
        : grpc.credentials.createInsecure();
    const gzip = grpc.compressionAlgorithms.gzip;
    const way = wayTo(url);
    this.#client = new grpc.Client(way.address, watched(credentials, this.#sockets), {
      ...way.options,
      "grpc.primary_user_agent": "mcp-hangar",
      "grpc.initial_reconnect_backoff_ms": RECONNECT_MS,
      "grpc.max_reconnect_backoff_ms": RECONNECT_MS,
      // Retries of the library would be invisible in the accounts.
      "grpc.enable_retries": 0,
      // Connections that are shared with others could not be closed here.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": ANSWER_BYTES_MAX,
      ...(compression === "gzip" && { "grpc.default_compression_algorithm": gzip }),
    });
    this.#metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(headers)) this.#metadata.set(name, value);
  }

  send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome> {
    if (signal.aborted) return Promise.resolve({ kind: "retry", reason: "timeout" });
    return new Promise((resolve) => {
      let isGrpc = false;
      const call = this.#client.makeUnaryRequest(
        METHODS[this.#signal],
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        this.#metadata,
        (error, answer = Buffer.alloc(0)) => resolve(this.#outcomeOf(error, answer, isGrpc)),
      );
      // The library does not look at it, and takes whatever the body is for a message.
      call.on("metadata", (head) => {
        isGrpc = head.get("content-type").some((type) => String(type).startsWith("application/grpc"));
      });
      signal.addEventListener("abort", () => this.#giveUp(call), { once: true });
    });
  }

  close(): void {
    this.#client.close();
  }

  /**
   * The library would go on with a connection on which nothing comes any more, and wait for one that is never made: until the operating system
   * ends it, a quarter of an hour later or never. The next attempt has a new one, as over HTTP.
   */
  #giveUp(call: Grpc.ClientUnaryCall): void {
    call.cancel();
    for (const socket of this.#sockets) socket.destroy();
  }

  #outcomeOf(error: Grpc.ServiceError | null, answer: Buffer, isGrpc: boolean): SendOutcome {
    if (error === null) return isGrpc ? outcomeOfAnswer(answer, this.#signal, "grpc") : NO_GRPC;
    const { code, details, metadata } = error;
    const { status } = this.#grpc;
    const isTooLong = code === status.RESOURCE_EXHAUSTED && OWN_LIMIT.test(details);
    // It has taken the request; what it says besides is too long to be read.
    if (isTooLong) return isGrpc ? { kind: "delivered" } : NO_GRPC;
    const advice = adviceOn(status[code] ?? "");
    const message = `the collector answers ${status[code] ?? code}: ${collectorSays(details)}${advice}`;
    // Receivers refuse messages beyond their limit with the code that asks others to slow down.
    const isTooLarge = code === status.RESOURCE_EXHAUSTED && /larger than max/i.test(details);
    if (isTooLarge) return { kind: "rejected", message, isTooLarge };
    if (code === status.INVALID_ARGUMENT) return { kind: "rejected", message };
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

/**
 * Where the channel connects to, and how. The library would read variables of its own (`grpc_proxy`, small letters only), which egress
 * decides about; it has no way to speak to a proxy over TLS.
 * @throws Error for such a proxy
 */
function wayTo(url: URL): { readonly address: string; readonly options: Grpc.ChannelOptions } {
  const own = { "grpc.enable_http_proxy": 0 };
  const proxy = egress.proxyFor(url);
  if (proxy === undefined) return { address: addressOf(url), options: own };
  if (proxy.url.protocol === "https:") {
    throw new Error(
      `gRPC cannot go through ${proxy.name} (${proxy.source}), a proxy that is spoken to over TLS: send OTLP as http/protobuf, or make ${url.host} an exception from the proxy`,
    );
  }
  const credentials = proxy.authorization?.replace(/^Basic /, "");
  const target = url.port === "" ? `${url.hostname}:${url.protocol === "http:" ? 80 : 443}` : url.host;
  const options = {
    ...own,
    "grpc.http_connect_target": `dns:${target}`,
    ...(credentials !== undefined && { "grpc.http_connect_creds": Buffer.from(credentials, "base64").toString() }),
    "grpc.default_authority": url.host,
  };
  return { address: proxy.name, options };
}

/** Host and port; the library takes 443 where none is written, whatever the scheme. */
function addressOf({ host, port, protocol }: URL): string {
  return port === "" && protocol === "http:" ? `${host}:80` : host;
}

/** The credentials, which note the connections that are made with them. */
function watched(credentials: Grpc.ChannelCredentials, sockets: Set<Socket>): Grpc.ChannelCredentials {
  const create = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (...args) => {
    const connector = create(...args);
    return {
      connect(socket) {
        sockets.add(socket);
        // A handshake does not notice that its connection was closed here.
        const closed = new Promise<never>((_, reject) => {
          socket.once("close", () => {
            sockets.delete(socket);
            reject(new Error("the connection was closed"));
          });
        });
        return Promise.race([connector.connect(socket), closed]);
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  };
  return credentials;
}
