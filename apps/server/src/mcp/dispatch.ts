import { type JsonObject, RPC } from "@mcp-hangar/core";
import { type Answer, errorAnswer } from "./answer.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LegacySession } from "./legacy-session.ts";
import { METHODS } from "./methods/index.ts";

/** Answers one request. Never rejects: what goes wrong inside is an internal error without details. */
export async function dispatch(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const method = METHODS[request.era].get(request.method);
  if (method === undefined) {
    return errorAnswer(
      RPC.methodNotFound,
      `unknown method ${JSON.stringify(request.method.slice(0, 100))}`,
      undefined,
      404,
    );
  }
  try {
    return await method(endpoint, request);
  } catch (error) {
    return errorAnswer(RPC.internalError, `unexpected failure in the gateway: ${String(error)}`);
  }
}

/** Handles a client's notification; those that mean nothing here are ignored, as the protocol wants it. */
export function notified(session: LegacySession | undefined, method: string, params: JsonObject): void {
  if (method === "notifications/cancelled") session?.cancel(params.requestId);
}
