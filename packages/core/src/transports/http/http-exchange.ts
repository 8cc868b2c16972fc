import type { HttpMethod } from "@mcp-hangar/telemetry";
import type { Dispatcher } from "undici";
import type { Carried } from "./hang-ups.ts";
import type { HttpClient } from "./http-client.ts";

/** Response headers as undici gives them: lower-case names. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** How often in a row a request follows a redirect. */
const REDIRECTS_MAX = 5;
/** What is read of the body of a redirect, so that its socket can be used again. */
const REDIRECT_BODY_BYTES = 16 * 1024;

/** How often a request that may be sent twice is sent again, when its connection ended before anything was answered. */
const REPEATS_MAX = 3;
/** What a connection ends with that the other side has closed. */
const CLOSED_CODES: ReadonlySet<string | undefined> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

const ABORTED = new Error("the request was given up");

/**
 * One HTTP request on its way, written as the handler that undici calls directly: no streams, no promises.
 * It is counted exactly once, whatever becomes of it.
 */
export abstract class HttpExchange implements Dispatcher.DispatchHandler {
  readonly method: HttpMethod;
  /** Whether the server may get the request twice: it changes nothing, or nothing more the second time. */
  repeatable = true;
  /** What its connection is to remember of it. */
  readonly carried: Carried = { endedMs: undefined };
  protected readonly client: HttpClient;
  #startedMs: number;
  #headers: string[] = [];
  #body: string | null = null;
  /** Where the server wants the same request to go. */
  #movedTo: string | undefined;
  #movedBytes = 0;
  #path: string | undefined;
  #redirects = 0;
  #repeats = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #sent = false;
  #aborted = false;
  #over = false;
  #reported = false;
  #status = 0;

  constructor(client: HttpClient, method: HttpMethod) {
    this.client = client;
    this.method = method;
    this.#startedMs = client.clock.nowMs();
  }

  /** Status of the response; 0 before there is one. */
  get status(): number {
    return this.#status;
  }

  /** Whether the request may have left this machine. */
  get sent(): boolean {
    return this.#sent;
  }

  /** Whether nothing more can come. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether the request was given up. */
  protected get aborted(): boolean {
    return this.#aborted;
  }

  /** Notes what is sent and where, to be sent again, and where the server wants it elsewhere. */
  carry(headers: string[], body: string | null, path: string): void {
    this.#headers = headers;
    this.#body = body;
    this.#path = path;
  }

  /** Path and query that were asked last, redirects followed; `undefined` before the request is sent. */
  get path(): string | undefined {
    return this.#path;
  }

  /** Gives the request up and frees its socket; nothing is told to the subclass after this. */
  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#aborted = true;
    this.report(undefined);
    this.#controller?.abort(ABORTED);
  }

  /** Reads on when others had their turn: a socket hands over as many chunks in a turn as the server writes. */
  protected rest(): void {
    const controller = this.#controller;
    if (controller === undefined || this.#over) return;
    controller.pause();
    this.client.clock.schedule(0, () => controller.resume());
  }

  protected abstract head(status: number, headers: ResponseHeaders): void;
  protected abstract chunk(chunk: Buffer): void;
  protected abstract end(): void;
  protected abstract fail(error: Error): void;

  /** Counts the request once; event streams do so at their headers. */
  protected report(status: number | undefined): void {
    if (this.#reported) return;
    this.#reported = true;
    this.client.report(this.method, status, this.#startedMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#aborted) {
      controller.abort(ABORTED);
      return;
    }
    this.#controller = controller;
    // undici calls this right before it writes to the socket, so until now nothing has left.
    this.#sent = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    if (this.#over || status < 200) return;
    const refusal = this.client.refusedByProxy(status);
    if (refusal !== undefined) {
      this.#over = true;
      // The server has not seen it.
      this.#sent = false;
      this.report(undefined);
      this.#controller?.abort(ABORTED);
      this.fail(refusal);
      return;
    }
    if (status === 307 || status === 308)
      this.#movedTo = this.#redirects < REDIRECTS_MAX ? this.client.pathOf(headers.location, this.#path) : undefined;
    this.#status = status;
    if (this.#movedTo !== undefined) return;
    this.head(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#movedTo === undefined) {
      this.chunk(chunk);
      return;
    }
    this.#movedBytes += chunk.length;
    if (this.#movedBytes > REDIRECT_BODY_BYTES) this.#controller?.abort(ABORTED);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    if (this.#movedTo !== undefined) {
      this.#move(this.#movedTo);
      return;
    }
    this.#over = true;
    this.carried.endedMs = this.client.clock.nowMs();
    this.report(this.#status);
    this.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#over) return;
    if (this.#movedTo !== undefined) {
      this.#move(this.#movedTo);
      return;
    }
    if (this.#isRepeated(error)) {
      this.#repeats++;
      this.#sendAgain(undefined);
      return;
    }
    this.#over = true;
    this.report(undefined);
    this.fail(error);
  }

  /** Sends the same request to another path of the same server. */
  #move(path: string): void {
    this.#movedTo = undefined;
    this.#movedBytes = 0;
    this.#redirects++;
    this.#path = path;
    this.#sendAgain(this.#status);
  }

  /** Whether the server hung up on a request that may be sent twice, before it said anything. */
  #isRepeated(error: Error): boolean {
    if (!this.repeatable || !this.#sent || this.#status !== 0 || this.#repeats >= REPEATS_MAX) return false;
    return "code" in error && typeof error.code === "string" && CLOSED_CODES.has(error.code);
  }

  /** Counts the attempt that has ended with `status`, and makes another. */
  #sendAgain(status: number | undefined): void {
    this.report(status);
    this.#reported = false;
    this.#startedMs = this.client.clock.nowMs();
    this.#status = 0;
    this.client.send(this, this.#headers, this.#body, this.#path);
  }
}
