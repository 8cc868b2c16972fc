import type { Clock } from "../clock.ts";
import type { SendOutcome } from "../queue/send.ts";
import type { OtlpDestination } from "./destination.ts";
import type { OtlpSender } from "./sender.ts";
import { hasTlsFiles, isSameTls, readTlsFiles, type TlsFiles } from "./tls-files.ts";

export interface OtlpClientOptions {
  readonly destination: OtlpDestination;
  readonly clock: Clock;
  /** Told why records do not arrive when that begins, and `undefined` when they do again. */
  readonly onProblem?: ((problem: string | undefined) => void) | undefined;
}

/** One attempt to deliver a request. */
export interface OtlpAttempt {
  readonly signal: AbortSignal;
  /** What the attempt before this one came to, as the queue knows it: `undefined` when it delivered everything. */
  readonly problem: string | undefined;
}

/** Sends requests of OTLP to one destination, for the queue that decides when. */
export class OtlpClient {
  readonly #options: OtlpClientOptions;
  #sender: OtlpSender | undefined;
  #tls: TlsFiles | undefined;
  #hasToldOfProblem = false;

  constructor(options: OtlpClientOptions) {
    this.#options = options;
  }

  /** Loads what the protocol needs, which takes long for gRPC, and reads certificates. Rejects with what is wrong, and what to do. */
  async open(): Promise<void> {
    await this.#use(await readTlsFiles(this.#options.destination));
  }

  /** Sends what `encode` writes: the bytes of an `Export…ServiceRequest`. What it cannot write is refused for good. */
  async send(encode: () => Uint8Array, { signal, problem }: OtlpAttempt): Promise<SendOutcome> {
    if (problem !== undefined) {
      this.#tell(problem);
      await this.#renewCertificates();
    }
    const sender = this.#sender;
    if (sender === undefined) return { kind: "retry", reason: "io", message: "the exporter is not open" };
    let body: Uint8Array;
    try {
      body = encode();
    } catch (error) {
      return { kind: "rejected", message: `a record cannot be encoded: ${String(error)}` };
    }
    const outcome = await sender.send(body, signal);
    // At once: the receiver may ask to be left alone for long. Of an attempt that has taken too long, the queue knows with the next one.
    if (!signal.aborted) this.#tell(problemOf(outcome));
    return outcome;
  }

  close(): void {
    this.#sender?.close();
  }

  async #use(tls: TlsFiles): Promise<void> {
    const { destination, clock } = this.#options;
    let sender: OtlpSender;
    if (destination.protocol === "grpc") {
      const [grpc, { GrpcSender }] = await Promise.all([import("@grpc/grpc-js"), import("./grpc-sender.ts")]);
      sender = new GrpcSender({ grpc, destination, tls });
    } else {
      const { HttpSender } = await import("./http-sender.ts");
      sender = new HttpSender({ destination, tls, clock });
    }
    this.#sender?.close();
    this.#sender = sender;
    this.#tls = tls;
  }

  /** Certificates expire, and others stand in their files by then. Files that cannot be used are being written. */
  async #renewCertificates(): Promise<void> {
    const { destination } = this.#options;
    if (this.#tls === undefined || !hasTlsFiles(destination)) return;
    try {
      const tls = await readTlsFiles(destination);
      if (!isSameTls(tls, this.#tls)) await this.#use(tls);
    } catch {
      // Those of before may do; what is wrong with them is told by the attempt.
    }
  }

  /** Only when it begins and ends: a problem may last, and what is told may become a record itself. */
  #tell(problem: string | undefined): void {
    const isProblem = problem !== undefined;
    if (isProblem === this.#hasToldOfProblem) return;
    this.#hasToldOfProblem = isProblem;
    this.#options.onProblem?.(problem);
  }
}

function problemOf(outcome: SendOutcome): string | undefined {
  if (outcome.kind === "delivered") return undefined;
  return outcome.message ?? (outcome.kind === "rejected" ? "the collector refuses them" : outcome.reason);
}
