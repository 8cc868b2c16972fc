import type { IncomingMessage, ServerResponse } from "node:http";
import { decodeMessage, type FailureCode, type JsonRpcId, type JsonRpcRequest, metaOf, RPC } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { ENDING } from "./answer.ts";
import { httpClient } from "./client.ts";
import { refused } from "./dispatch.ts";
import { encodeError } from "./encode.ts";
import type { Endpoint } from "./endpoint.ts";

/** What records say of a message that was refused. */
export interface ToldRefusal {
  readonly message: string;
  /** Id and method of the request, as far as they could be read. */
  readonly id?: JsonRpcId | null;
  readonly method?: string | undefined;
  /** What kind of failure it is; `invalid_request` when absent. */
  readonly failure?: FailureCode | undefined;
}

/** Why an endpoint itself refuses a message. */
export interface HttpRefusal extends ToldRefusal {
  readonly status: number;
  readonly code: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Refuses what callers send before anybody works on it, and has it recorded. */
export class HttpRefusals {
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Answers with the refusal, and has it recorded as a request of the caller. */
  refuse(response: ServerResponse, caller: Caller, refusal: HttpRefusal): void {
    this.tell(response.req, caller, refusal);
    const { status, code, message, id = null, headers } = refusal;
    const body = encodeError(id, { code, message });
    const own = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    response.writeHead(status, { ...own, ...headers }).end(body);
  }

  /** Refuses a method of HTTP; `allow` lists those that are taken. */
  refuseHttpMethod(response: ServerResponse, caller: Caller, message: string, allow: string): void {
    this.refuse(response, caller, { status: 405, code: RPC.invalidRequest, message, headers: { allow } });
  }

  /** Has it recorded that a request came when the gateway had begun to end. */
  tellEnding(http: IncomingMessage, caller: Caller, { id, method }: JsonRpcRequest): void {
    this.tell(http, caller, { id, method, message: ENDING.message, failure: ENDING.code });
  }

  /** Has it recorded what was asked of a server that does not exist; a call is counted as one of an unknown tool is. */
  tellUnknownServer(
    http: IncomingMessage,
    caller: Caller,
    { server, body, message: said }: { readonly server: string; readonly body: Buffer; readonly message: string },
  ): void {
    const message = body.length === 0 ? undefined : decodeMessage(body, false);
    if (message?.kind !== "request") return this.tell(http, caller, { message: said });
    const { id, method, params } = message;
    if (method !== "tools/call") return this.tell(http, caller, { id, method, message: said });
    const { gateway, addressOf } = this.#endpoint;
    const meta = metaOf(params);
    const client = httpClient(http, addressOf(http), { rpcId: id, session: undefined, meta });
    const tool = typeof params.name === "string" ? params.name : "";
    // Refused by its name before anything else. Should there be such a server by now, nothing is sent to it all the same.
    void gateway.callTool({ caller, client, meta, trace: {}, origin: "mcp", server, tool }, AbortSignal.abort());
  }

  /** Has a refusal recorded that is answered elsewhere. */
  tell(http: IncomingMessage, caller: Caller, { id, method, message, failure }: ToldRefusal): void {
    const speaker = { rpcId: id ?? undefined, session: undefined, meta: {} };
    const client = httpClient(http, this.#endpoint.addressOf(http), speaker);
    refused(this.#endpoint, { caller, client, method, message, failure });
  }
}
