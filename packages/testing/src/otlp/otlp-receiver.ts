import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { logRecordsOf, type ReceivedExport, type ReceivedLogRecord, type ReceivedSpan, spansOf } from "./received.ts";
import { OTLP_SERVICES, OTLP_SIGNALS, type OtlpSignal, type ProtoMessage } from "./services.ts";

/** What a receiver does with an export. Only `accept`, `partial` and `slow` keep it. */
export type OtlpBehaviour =
  | { readonly kind: "accept" }
  /** Accepts, and says that it has rejected some. */
  | { readonly kind: "partial"; readonly rejected: number; readonly message: string }
  /** Accepts after a while. */
  | { readonly kind: "slow"; readonly delayMs: number }
  | {
      readonly kind: "refuse";
      readonly httpStatus: number;
      readonly grpcCode: grpc.status;
      readonly retryAfter?: string;
    }
  /** Takes the request and never answers. */
  | { readonly kind: "hang" }
  /** Breaks the connection over HTTP; gRPC says `UNAVAILABLE`, as its clients do when a connection breaks. */
  | { readonly kind: "reset" };

/** How a receiver is started. */
export interface OtlpReceiverOptions {
  /** 0 takes a free one, which is the default. A receiver that comes back takes the ports of the one before. */
  readonly httpPort?: number;
  readonly grpcPort?: number;
  /** Server certificate and key as PEM; both listeners speak TLS then. With `ca` they demand a certificate of the client. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
}

/**
 * A receiver of OTLP traces, logs and metrics on loopback, over HTTP (protobuf) and gRPC. Exports are decoded by the published `.proto`
 * files, so that neither our code nor that of an exporter judges itself. Any path that ends in `/v1/<signal>` is taken, so that it can
 * stand where Langfuse does.
 */
export class OtlpReceiver {
  /** What was kept, in the order of arrival. */
  readonly exports: ReceivedExport[] = [];
  /** Every request that arrived, kept or not. */
  attempts = 0;
  /** The same: header fields as JSON, and the bytes without compression; over gRPC those of the decoded message. */
  readonly raw: { readonly headers: string; readonly body: Buffer }[] = [];
  /** What was sent that is no OTLP: an unknown path, a wrong content type, bytes that do not decode. */
  readonly refusals: string[] = [];
  readonly #http: ReturnType<typeof createServer>;
  readonly #grpc: grpc.Server;
  readonly #tls: OtlpReceiverOptions["tls"];
  #grpcPort = 0;
  #behaviour: OtlpBehaviour = { kind: "accept" };
  #times = Number.POSITIVE_INFINITY;

  private constructor({ tls }: OtlpReceiverOptions) {
    this.#tls = tls;
    const listener: RequestListener = (request, response) => void this.#answerHttp(request, response);
    this.#http =
      tls === undefined
        ? createServer(listener)
        : createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: true }, listener);
    this.#grpc = new grpc.Server();
    for (const signal of OTLP_SIGNALS) {
      this.#grpc.addService(OTLP_SERVICES[signal].definition, {
        Export: (
          call: grpc.ServerUnaryCall<ProtoMessage, ProtoMessage>,
          callback: grpc.sendUnaryData<ProtoMessage>,
        ): void => void this.#answerGrpc(signal, call, callback),
      });
    }
  }

  /** Resolves when both listeners are up. */
  static async start(options: OtlpReceiverOptions = {}): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver(options);
    await receiver.#listen(options);
    return receiver;
  }

  get httpPort(): number {
    // It listens on a port, so it has an address of this kind.
    return (this.#http.address() as AddressInfo).port;
  }

  get grpcPort(): number {
    return this.#grpcPort;
  }

  get httpUrl(): string {
    return `${this.#scheme}://127.0.0.1:${this.httpPort}`;
  }

  get grpcUrl(): string {
    return `${this.#scheme}://127.0.0.1:${this.#grpcPort}`;
  }

  get spans(): readonly ReceivedSpan[] {
    return this.exports.flatMap((received) => (received.signal === "traces" ? spansOf(received) : []));
  }

  get logRecords(): readonly ReceivedLogRecord[] {
    return this.exports.flatMap((received) => (received.signal === "logs" ? logRecordsOf(received) : []));
  }

  /** Does this with the next exports, as many as `times` says, and accepts those after them. */
  behave(behaviour: OtlpBehaviour, times: number = Number.POSITIVE_INFINITY): void {
    this.#behaviour = behaviour;
    this.#times = times;
  }

  /** Ends at once, whatever is in flight. */
  async close(): Promise<void> {
    this.#grpc.forceShutdown();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeAllConnections();
    await closed;
  }

  get #scheme(): string {
    return this.#tls === undefined ? "http" : "https";
  }

  async #listen({ httpPort = 0, grpcPort = 0 }: OtlpReceiverOptions): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once("error", reject).listen(httpPort, "127.0.0.1", resolve);
    });
    this.#grpcPort = await new Promise<number>((resolve, reject) => {
      this.#grpc.bindAsync(`127.0.0.1:${grpcPort}`, this.#credentials(), (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
  }

  #credentials(): grpc.ServerCredentials {
    if (this.#tls === undefined) return grpc.ServerCredentials.createInsecure();
    const { key, cert, ca } = this.#tls;
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
    return grpc.ServerCredentials.createSsl(ca === undefined ? null : Buffer.from(ca), [pair], ca !== undefined);
  }

  #next(): OtlpBehaviour {
    this.attempts += 1;
    if (this.#times <= 0) return { kind: "accept" };
    this.#times -= 1;
    return this.#behaviour;
  }

  async #answerHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    // The client has gone before it had sent everything.
    if (body === undefined) return;
    const path = request.url ?? "";
    const content = uncompressed(request, body);
    this.raw.push({ headers: JSON.stringify([path, request.headers]), body: content });
    const signal = OTLP_SIGNALS.find((each) => path.endsWith(`/v1/${each}`));
    const type = request.headers["content-type"];
    if (request.method !== "POST" || signal === undefined)
      return this.#refuse(response, 404, `${request.method} ${path}`);
    if (type !== "application/x-protobuf") return this.#refuse(response, 415, `content type ${type}`);
    const behaviour = this.#next();
    switch (behaviour.kind) {
      case "hang":
        return;
      case "reset":
        request.socket.resetAndDestroy();
        return;
      case "refuse": {
        const { httpStatus, retryAfter } = behaviour;
        response.writeHead(httpStatus, retryAfter === undefined ? {} : { "retry-after": retryAfter }).end();
        return;
      }
      case "slow":
        await delay(behaviour.delayMs);
        break;
      case "accept":
      case "partial":
    }
    const service = OTLP_SERVICES[signal].export;
    try {
      const message = service.requestDeserialize(content);
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      this.exports.push({ signal, protocol: "http", path, headers, message });
    } catch (error) {
      return this.#refuse(response, 400, `bytes that do not decode: ${String(error)}`);
    }
    response
      .writeHead(200, { "content-type": "application/x-protobuf" })
      .end(service.responseSerialize(answerOf(signal, behaviour)));
  }

  async #answerGrpc(
    signal: OtlpSignal,
    call: grpc.ServerUnaryCall<ProtoMessage, ProtoMessage>,
    callback: grpc.sendUnaryData<ProtoMessage>,
  ): Promise<void> {
    const metadata = call.metadata.getMap();
    const body = OTLP_SERVICES[signal].export.requestSerialize(call.request);
    this.raw.push({ headers: JSON.stringify([call.getPath(), metadata]), body });
    const behaviour = this.#next();
    switch (behaviour.kind) {
      case "hang":
        return;
      case "reset":
        return callback({ code: grpc.status.UNAVAILABLE, details: "connection reset" });
      case "refuse":
        return callback({ code: behaviour.grpcCode, details: "refused by the test" });
      case "slow":
        await delay(behaviour.delayMs);
        break;
      case "accept":
      case "partial":
    }
    const headers = Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, String(value)]));
    this.exports.push({ signal, protocol: "grpc", path: call.getPath(), headers, message: call.request });
    callback(null, answerOf(signal, behaviour));
  }

  #refuse(response: ServerResponse, status: number, what: string): void {
    this.refusals.push(what);
    response.writeHead(status).end();
  }
}

function answerOf(signal: OtlpSignal, behaviour: OtlpBehaviour): ProtoMessage {
  if (behaviour.kind !== "partial") return {};
  const { rejectedField } = OTLP_SERVICES[signal];
  return { partialSuccess: { [rejectedField]: behaviour.rejected, errorMessage: behaviour.message } };
}

/** Bytes that are no gzip stay as they are, and decode to nothing. */
function uncompressed(request: IncomingMessage, body: Buffer): Buffer {
  if (request.headers["content-encoding"] !== "gzip") return body;
  try {
    return gunzipSync(body);
  } catch {
    return body;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
