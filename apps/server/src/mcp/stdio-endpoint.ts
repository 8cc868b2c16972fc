import type { Readable, Writable } from "node:stream";
import {
  Cancellation,
  ChurnMap,
  decodeMessage,
  type InvalidMessage,
  isJsonObject,
  type JsonRpcId,
  type JsonRpcNotification,
  type JsonRpcRequest,
  LOCAL_CALLER,
  META,
  metaOf,
  RPC,
} from "@mcp-hangar/core";
import { type Answer, errorAnswer, SHUTTING_DOWN } from "./answer.ts";
import { stdioClient } from "./client.ts";
import type { ClientRequest } from "./client-request.ts";
import { dispatch, notified, refused, shakeHands, unanswerable } from "./dispatch.ts";
import {
  type Encoded,
  encodeAnswer,
  encodeNotification,
  encodeRequest,
  encodeUnsolicited,
  writeFramed,
} from "./encode.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LegacySession } from "./legacy-session.ts";
import { LineReader } from "./line-reader.ts";
import { LISTEN } from "./methods/index.ts";
import { isModern, refuseEnvelope } from "./modern-envelope.ts";

/** One message; a longer line is answered with an error and skipped. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * How long requests may still run when the client has closed its end, in ms: a script may write its requests, close and
 * read; a client that is gone reads nothing, and nobody can tell the two apart.
 */
const CLOSED_GRACE_MS = 2_000;
/** Answers that may wait for a client that does not read; until they are fewer, no further request is read. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;

/** MCP over a pair of pipes, both eras, for the one client that started this process. */
export class StdioEndpoint {
  readonly #endpoint: Endpoint;
  readonly #output: Writable;
  readonly #running = new ChurnMap<string, Running>();
  #session: LegacySession | undefined;

  constructor(endpoint: Endpoint, output: Writable) {
    this.#endpoint = endpoint;
    this.#output = output;
  }

  /**
   * Serves until the client closes its end. What was asked before that has a moment to be answered; what then still runs is
   * cancelled.
   */
  async serve(input: Readable): Promise<void> {
    const pending = new Set<Promise<void>>();
    const lines = new LineReader(MAX_LINE_BYTES);
    const take = (line: Buffer) => {
      const work = this.#message(line).finally(() => pending.delete(work));
      pending.add(work);
    };
    try {
      for await (const chunk of input) {
        lines.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)), take, () => this.#tooLong());
        if (this.#output.writableLength > UNREAD_BYTES_MAX) await this.#drained();
      }
      lines.end(take);
    } catch {
      // A terminal or a pipe that breaks is an end as well.
    }
    const cancel = this.#endpoint.platform.clock.schedule(CLOSED_GRACE_MS, () => this.#cancelAll());
    await Promise.allSettled(pending);
    cancel();
  }

  /** Answers all that still runs with the end of the gateway. */
  interrupt(): void {
    for (const { id, method, controller } of this.#running.values()) {
      // A subscription is answered when the endpoint closes.
      if (method === LISTEN) continue;
      this.#write(encodeAnswer(id, SHUTTING_DOWN));
      controller.abort();
    }
  }

  #cancelAll(): void {
    for (const { controller } of this.#running.values()) controller.abort();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#output.off("drain", settle).off("close", settle);
        resolve();
      };
      this.#output.on("drain", settle).on("close", settle);
    });
  }

  async #message(line: Buffer): Promise<void> {
    const message = decodeMessage(line, false);
    switch (message.kind) {
      case "invalid":
        return this.#refuseLine(message);
      case "batch":
        return this.#refuseLine({ code: RPC.invalidRequest, reason: "batches are not supported", id: undefined });
      case "request":
        return this.#request(message);
      case "notification":
        return this.#notified(message);
      case "response":
        return this.#session?.answered(message.id, { kind: "result", result: message.result.value });
      case "error":
        return this.#session?.answered(message.id, { kind: "error", error: message.error });
    }
  }

  #notified({ method, params }: JsonRpcNotification): void {
    if (method === "notifications/cancelled") this.#running.get(key(params.requestId))?.controller.abort();
    const problem = unanswerable(method);
    if (problem === undefined) notified(this.#endpoint, this.#session, method, params);
    else this.#tellRefused(null, method, problem);
  }

  #refuseLine({ code, reason, id }: Pick<InvalidMessage, "code" | "reason" | "id">): void {
    this.#refuse(id ?? null, undefined, errorAnswer(code, `the line is no JSON-RPC message: ${reason}`));
  }

  async #request({ id, method, params }: JsonRpcRequest): Promise<void> {
    const meta = metaOf(params);
    // An `initialize` inside a modern envelope is a method that this era does not have.
    const era = isModern(meta, undefined) ? "modern" : "legacy";
    const refusal = era === "modern" ? refuseEnvelope(method, params, meta, undefined) : undefined;
    if (refusal !== undefined) return this.#refuse(id, method, refusal);
    if (this.#running.has(key(id))) {
      return this.#refuse(id, method, errorAnswer(RPC.invalidRequest, "this request id is in use already"));
    }
    const controller = new Cancellation();
    this.#running.set(key(id), { id, method, controller });
    const session = era === "legacy" ? this.#session : undefined;
    const capabilities = meta[META.clientCapabilities];
    const request: ClientRequest = {
      era,
      id,
      method,
      params,
      meta,
      caller: LOCAL_CALLER,
      client: stdioClient({ rpcId: id, session, meta }),
      trace: {},
      session,
      signal: controller.signal,
      capabilities: session?.askable ?? (isJsonObject(capabilities) ? capabilities : {}),
      channel: {
        notify: (notification) => this.#write(encodeNotification(notification)),
        ask:
          session === undefined
            ? undefined
            : (asked) =>
                session.ask(
                  asked,
                  (askId, name, value) => this.#write(encodeRequest(askId, name, value)),
                  controller.signal,
                ),
      },
    };
    try {
      if (method === "initialize" && era === "legacy") return await this.#initialize(request);
      const answer = await dispatch(this.#endpoint, request);
      // A cancelled request is not answered.
      if (!controller.signal.aborted) this.#write(encodeAnswer(id, answer));
    } finally {
      this.#running.delete(key(id));
      session?.stopAsking(controller);
    }
  }

  async #initialize(request: ClientRequest): Promise<void> {
    const { answer, session } = await shakeHands(this.#endpoint, request);
    if (session !== undefined) {
      if (this.#session !== undefined) this.#endpoint.sessions.close(this.#session, "client");
      this.#session = session;
      session.attach((message) => this.#write(encodeUnsolicited(message)));
    }
    this.#write(encodeAnswer(request.id, answer));
  }

  #tooLong(): void {
    const answer = errorAnswer(RPC.invalidRequest, `a message may have ${MAX_LINE_BYTES} bytes at most`);
    this.#refuse(null, undefined, answer);
  }

  /** Refuses a message, and has it recorded. */
  #refuse(id: JsonRpcId | null, method: string | undefined, answer: Answer): void {
    const message = answer.kind === "error" ? answer.error.message : "";
    this.#tellRefused(id, method, message);
    this.#write(encodeAnswer(id, answer));
  }

  #tellRefused(id: JsonRpcId | null, method: string | undefined, message: string): void {
    const client = stdioClient({ rpcId: id ?? undefined, session: this.#session, meta: {} });
    refused(this.#endpoint, { caller: LOCAL_CALLER, client, method, message });
  }

  #write(message: Encoded): void {
    if (this.#output.writable) writeFramed(this.#output, "", message, "\n");
  }
}

/** A request that is being worked on. */
interface Running {
  readonly id: JsonRpcId;
  readonly method: string;
  readonly controller: Cancellation;
}

function key(id: unknown): string {
  return `${typeof id}:${String(id)}`;
}
