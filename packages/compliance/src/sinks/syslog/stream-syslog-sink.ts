import type { CancelTimer, Clock, SendOutcome } from "@mcp-hangar/delivery";
import type { AuditSink, SinkEntry } from "../../sink.ts";
import { CLOSED, connectionFailed } from "../failure.ts";
import { OneAtATime } from "../one-at-a-time.ts";
import type { TlsFiles } from "../tls-files.ts";
import { Connection } from "./connection.ts";
import { cutMessage } from "./cut-message.ts";
import { type Chunk, Unconfirmed } from "./unconfirmed.ts";

export interface StreamSyslogSinkOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Absent for TCP without TLS. */
  readonly tls?: TlsFiles;
  /**
   * Bytes of a message, from 480; a longer one is cut. A receiver that takes no such message ends the connection, and would again at every
   * attempt: syslog-ng takes 65 536 unless it is told otherwise.
   */
  readonly messageBytesMax?: number;
  /** Bytes that are kept after they were written, to be written again when the connection breaks: more than what two systems buffer. */
  readonly unconfirmedBytesMax?: number;
  readonly connectTimeoutMs?: number;
  /** Milliseconds in which the receiver makes room for what is written. */
  readonly stallTimeoutMs?: number;
  /** Milliseconds for which a new connection has to last before it counts: a receiver may refuse a certificate after "connected". */
  readonly settleMs?: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The buffers that Linux gives a connection by default are at most 4 MiB to send and 6 MiB to receive. */
const UNCONFIRMED_BYTES_MAX = 16_777_216;
const MESSAGE_BYTES_MAX = 65_536;
const CONNECT_TIMEOUT_MS = 10_000;
const STALL_TIMEOUT_MS = 15_000;
const SETTLE_MS = 500;
/** Bytes that are written at once: as many as a slow reader takes within the time it is given. */
const CHUNK_BYTES = 65_536;
/** A receiver that closes in order has read what was written so many milliseconds before: it had arrived. */
const ARRIVED_MS = 60_000;
/** Waits before what may be lost is written again, while nothing new is sent; in milliseconds. */
const AGAIN = { baseMs: 1_000, maxMs: 30_000 };
/** Milliseconds in which the receiver may close its side at the end. */
const CLOSE_MS = 1_000;

/**
 * Sends syslog messages over one TCP or TLS connection, each behind its length (RFC 6587 and RFC 5425), so that none can forge another.
 * Receivers of syslog confirm nothing: `delivered` means that the system has taken the bytes. What a broken connection may have lost is
 * written again over the next one, ahead of what is new, so that a receiver may get a message twice; records have ids.
 */
export class StreamSyslogSink implements AuditSink {
  readonly name: string;
  readonly acknowledged = false;
  readonly gatherMs = 50;
  readonly #options: StreamSyslogSinkOptions;
  readonly #messageBytesMax: number;
  readonly #unconfirmed: Unconfirmed;
  readonly #sends = new OneAtATime();
  #connection: Connection | undefined;
  #hasSettled = false;
  /** How much of the batch was written, whichever connection took it. */
  #progress: { readonly batch: readonly SinkEntry[]; written: number } | undefined;
  #cancelAgain: CancelTimer | undefined;
  #failures = 0;
  #isClosed = false;

  /** @throws RangeError when every message would be cut to nothing. */
  constructor(options: StreamSyslogSinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#messageBytesMax = options.messageBytesMax ?? MESSAGE_BYTES_MAX;
    if (!(this.#messageBytesMax >= 480)) {
      throw new RangeError(`a message has 480 bytes or more, and never ${this.#messageBytesMax}`);
    }
    this.#unconfirmed = new Unconfirmed(options.unconfirmedBytesMax ?? UNCONFIRMED_BYTES_MAX);
  }

  readonly send = (batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> =>
    this.#sends.run(batch, signal, () => this.#send(batch, signal));

  /** Messages that would be written again, if the connection broke now. */
  get unconfirmedMessages(): number {
    return this.#unconfirmed.size;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelAgain?.();
    await this.#connection?.close(CLOSE_MS);
  }

  async #send(batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> {
    if (this.#isClosed) return CLOSED;
    this.#cancelAgain?.();
    if (this.#progress?.batch !== batch) this.#progress = { batch, written: 0 };
    const progress = this.#progress;
    const outcome = await this.#write(progress, signal);
    this.#failures = outcome.kind === "delivered" ? 0 : this.#failures + 1;
    return outcome;
  }

  /** Writes what has to be written again, and then the rest of a batch. */
  async #write(
    progress: { readonly batch: readonly SinkEntry[]; written: number },
    signal: AbortSignal,
  ): Promise<SendOutcome> {
    const { clock, settleMs = SETTLE_MS } = this.#options;
    try {
      const connection = await this.#connect();
      while (this.#unconfirmed.isBehind) {
        const chunks = this.#unconfirmed.nextAgain(CHUNK_BYTES);
        if (!(await connection.write(Buffer.concat(chunks.map(({ bytes }) => bytes))))) return this.#lost(connection);
        this.#unconfirmed.writtenAgain(chunks.length, clock.nowMs());
        // The next attempt goes on here.
        if (signal.aborted) return CLOSED;
      }
      while (progress.written < progress.batch.length) {
        const chunk = chunkOf(progress.batch, progress.written, this.#messageBytesMax);
        if (!(await connection.write(chunk.bytes))) return this.#lost(connection);
        this.#unconfirmed.written(chunk, clock.nowMs());
        progress.written += chunk.messages;
        if (signal.aborted && progress.written < progress.batch.length) return CLOSED;
      }
      this.#hasSettled ||= await connection.survives(settleMs);
      return this.#hasSettled && connection.end === undefined ? { kind: "delivered" } : this.#lost(connection);
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #connect(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    const { host, port, tls, clock } = this.#options;
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, stallTimeoutMs = STALL_TIMEOUT_MS } = this.#options;
    const connection = await Connection.open({ host, port, tls, connectTimeoutMs, stallTimeoutMs, clock });
    this.#hasSettled = false;
    this.#connection = connection;
    void connection.ended.then(({ kind }) => {
      this.#connection = undefined;
      this.#unconfirmed.connectionEnded(kind === "orderly" ? clock.nowMs() - ARRIVED_MS : Number.NEGATIVE_INFINITY);
      this.#writeAgainLater();
    });
    if (this.#isClosed) await connection.close(0);
    return connection;
  }

  async #lost(connection: Connection): Promise<SendOutcome> {
    const { message } = await connection.ended;
    return this.#failed(new Error(message));
  }

  #failed(error: unknown): SendOutcome {
    const { host, port, tls } = this.#options;
    return connectionFailed(`syslog at ${host}:${port} over ${tls === undefined ? "TCP" : "TLS"}`, error);
  }

  /** Writes again what may be lost, although nothing new is sent. */
  #writeAgainLater(): void {
    if (this.#isClosed || !this.#unconfirmed.isBehind) return;
    const { clock, random } = this.#options;
    const delayMs = AGAIN.baseMs + random() * Math.min(AGAIN.maxMs, AGAIN.baseMs * 2 ** this.#failures);
    this.#cancelAgain?.();
    this.#cancelAgain = clock.schedule(delayMs, () => void this.#writeAgain());
  }

  async #writeAgain(): Promise<void> {
    const none: readonly SinkEntry[] = [];
    const { signal } = new AbortController();
    const outcome = await this.#sends.run(none, signal, () =>
      this.#isClosed ? Promise.resolve(CLOSED) : this.#write({ batch: none, written: 0 }, signal),
    );
    this.#failures = outcome.kind === "delivered" ? 0 : this.#failures + 1;
    if (outcome.kind !== "delivered") this.#writeAgainLater();
  }
}

/** The next messages of a batch behind their lengths, together about {@link CHUNK_BYTES}. */
function chunkOf(batch: readonly SinkEntry[], begin: number, messageBytesMax: number): Chunk {
  const texts: string[] = [];
  let bytes = 0;
  let at = begin;
  for (; at < batch.length && bytes < CHUNK_BYTES; at++) {
    const message = cutMessage(batch[at]?.text ?? "", messageBytesMax);
    const length = Buffer.byteLength(message);
    // A length is never zero: of an empty message nothing is sent.
    if (length === 0) continue;
    const head = `${length} `;
    texts.push(head, message);
    bytes += head.length + length;
  }
  const chunk = Buffer.allocUnsafe(bytes);
  // Each by itself: to put them together first takes longer.
  let end = 0;
  for (const text of texts) end += chunk.write(text, end);
  return { bytes: chunk, messages: at - begin };
}
