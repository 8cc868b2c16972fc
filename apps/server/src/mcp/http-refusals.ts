import type { IncomingMessage, ServerResponse } from "node:http";
import { type JsonRpcId, RPC } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { httpClient } from "./client.ts";
import { refused } from "./dispatch.ts";
import { encodeError } from "./encode.ts";
import type { Endpoint } from "./endpoint.ts";

/** Why an endpoint itself refuses a message. */
export interface HttpRefusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  /** Id and method of the request, as far as they could be read. */
  readonly id?: JsonRpcId | null;
  readonly method?: string | undefined;
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
    const { status, code, message, id = null } = refusal;
    refuse(response, { status, code, message, id });
  }

  /** Has a refusal recorded that is answered elsewhere. */
  tell(
    http: IncomingMessage,
    caller: Caller,
    { id, method, message }: Pick<HttpRefusal, "id" | "method" | "message">,
  ): void {
    const speaker = { rpcId: id ?? undefined, session: undefined, meta: {} };
    const client = httpClient(http, this.#endpoint.addressOf(http), speaker);
    refused(this.#endpoint, { caller, client, method, message });
  }
}

/** Refuses an HTTP method that clients of the modern era have no use for. */
export function refuseModernMethod(response: ServerResponse): void {
  const message = "revision 2026-07-28 has no sessions: only POST is allowed";
  refuse(response, { status: 405, code: RPC.invalidRequest, message }, { allow: "POST" });
}

/** Answers with a refusal that is not recorded, because HTTP says no before it is known what is asked for. */
export function refuse(
  response: ServerResponse,
  { status, code, message, id = null }: HttpRefusal,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = encodeError(id, { code, message });
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers })
    .end(body);
}
