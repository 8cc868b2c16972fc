import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type JsonRpcRequest,
  type IncomingMessage as Message,
  metaOf,
  RPC,
  type ServerRequestReply,
} from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { errorAnswer, SHUTTING_DOWN } from "./answer.ts";
import { BatchResponse } from "./batch-response.ts";
import { httpClient } from "./client.ts";
import type { ClientRequest } from "./client-request.ts";
import { dispatch, notified, unanswerable } from "./dispatch.ts";
import { encodeError, encodeNotification, encodeRequest } from "./encode.ts";
import type { Endpoint } from "./endpoint.ts";
import type { HttpRefusals } from "./http-refusals.ts";
import type { LegacySession } from "./legacy-session.ts";
import { traceHeaders } from "./request-headers.ts";
import type { ResponseStream } from "./response-stream.ts";
import { type AnswerStream, finish, type Unanswered } from "./unanswered.ts";

/** A message that nobody answers. */
export type OneWay = Exclude<Message, { kind: "request" | "invalid" }>;

/** What clients of the legacy era send within a session over HTTP, alone or in batches. */
export class SessionRequests {
  readonly #endpoint: Endpoint;
  readonly #unanswered: Unanswered;
  readonly #refusals: HttpRefusals;

  constructor(endpoint: Endpoint, unanswered: Unanswered, refusals: HttpRefusals) {
    this.#endpoint = endpoint;
    this.#unanswered = unanswered;
    this.#refusals = refusals;
  }

  /** Works on a request of a session; gives why it cannot when its id is in use. */
  begin(
    http: IncomingMessage,
    stream: AnswerStream,
    session: LegacySession,
    { id, method, params }: Pick<JsonRpcRequest, "id" | "method" | "params">,
    caller: Caller,
  ): string | undefined {
    const running = session.begin(id);
    if (running === undefined) return `request id ${JSON.stringify(id)} is in use already`;
    const meta = metaOf(params);
    const ask = (asked: JsonRpcRequest): Promise<ServerRequestReply> =>
      session.ask(asked, (askId, name, value) => stream.send(encodeRequest(askId, name, value)), running.signal);
    const request: ClientRequest = {
      era: "legacy",
      id,
      method,
      params,
      meta,
      caller,
      trace: traceHeaders(http),
      client: httpClient(http, this.#endpoint.addressOf(http), { rpcId: id, session, meta }),
      channel: {
        notify: (notification) => stream.send(encodeNotification(notification)),
        ask: stream.acceptsEvents ? ask : undefined,
      },
      signal: running.signal,
      session,
      capabilities: session.askable,
    };
    const settled = (): undefined => {
      session.end(id);
    };
    stream.showWork();
    this.#unanswered.answer({ stream, id, modern: false, settled }, dispatch(this.#endpoint, request));
    return undefined;
  }

  /** Treats each message as if it had come alone; the answers go back together. */
  batch(
    http: IncomingMessage,
    response: ServerResponse,
    stream: ResponseStream,
    session: LegacySession,
    messages: readonly Message[],
    caller: Caller,
  ): void {
    const answered = messages.filter(({ kind }) => kind === "request" || kind === "invalid").length;
    const batch = answered === 0 ? undefined : new BatchResponse(stream, answered);
    for (const message of messages) {
      if (message.kind !== "request" && message.kind !== "invalid") this.take(http, session, message, caller);
      else if (batch !== undefined) this.#answerPart(http, batch.part(), session, message, caller);
    }
    if (batch === undefined) response.writeHead(202).end();
  }

  /** Takes a notification, or an answer to what a server asked the client; without a session there is nobody to hear it. */
  take(http: IncomingMessage, session: LegacySession | undefined, message: OneWay, caller: Caller): void {
    if (message.kind === "notification") {
      const { method, params } = message;
      const problem = unanswerable(method);
      if (problem === undefined) notified(this.#endpoint, session, method, params);
      else this.#refusals.tell(http, caller, { method, message: problem });
    } else if (message.kind === "response") {
      session?.answered(message.id, { kind: "result", result: message.result.value });
    } else session?.answered(message.id, { kind: "error", error: message.error });
  }

  #answerPart(
    http: IncomingMessage,
    part: AnswerStream,
    session: LegacySession,
    message: Extract<Message, { kind: "request" | "invalid" }>,
    caller: Caller,
  ): void {
    if (message.kind === "request" && this.#unanswered.interrupted) {
      this.#refusals.tellEnding(http, caller, message);
      return finish(part, message.id, SHUTTING_DOWN, false);
    }
    const { id = null } = message;
    const refusal =
      message.kind === "invalid"
        ? { code: message.code, message: `it is no JSON-RPC message: ${message.reason}`, method: undefined }
        : message.method === "initialize"
          ? { code: RPC.invalidRequest, message: "initialize must stand alone", method: message.method }
          : undefined;
    if (refusal === undefined && message.kind === "request") {
      const inUse = this.begin(http, part, session, message, caller);
      if (inUse === undefined) return;
      this.#refusals.tell(http, caller, { id, method: message.method, message: inUse });
      return finish(part, message.id, errorAnswer(RPC.invalidRequest, inUse), false);
    }
    if (refusal === undefined) return;
    this.#refusals.tell(http, caller, { id, method: refusal.method, message: refusal.message });
    part.finish(200, encodeError(id, { code: refusal.code, message: refusal.message }));
  }
}
