import type { IncomingMessage } from "node:http";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { RequestOrigin } from "../http/client-address.ts";
import type { Route } from "../http/route.ts";
import { isOperationFailure, type Operation, type OperationFailure } from "./operation.ts";
import { restClient } from "./rest-client.ts";
import { inputReader } from "./rest-input.ts";

/** Offers the operations that have a `route` over HTTP. */
export function restRoutes(operations: readonly Operation[], origin: Pick<RequestOrigin, "address">): readonly Route[] {
  return operations.flatMap((operation) => {
    const { route, permission, perform, input } = operation;
    if (route === undefined) return [];
    const read = inputReader(input);
    const handle: Route["handle"] = async (request) => {
      const { caller, signal, http } = request;
      const given = read(request);
      const relay = { caller, client: restClient(http, origin.address(http)), trace: traceOf(http) };
      const [input, refused] = "kind" in given ? [{}, given] : [given.input, undefined];
      const value = await perform(input, { caller, signal, door: "rest", relay, refused });
      return isOperationFailure(value) ? failureAnswer(value) : jsonAnswer(200, value);
    };
    return [{ ...route, permission, handle }];
  });
}

/** `{"error":{"code","message","problems"}}`, with the status of the failure. */
export function failureAnswer({ code, status, message, problems, details, retryAfterS }: OperationFailure): Answer {
  const answer = jsonAnswer(status, { error: { code, message, problems, ...details } });
  return retryAfterS === undefined ? answer : { ...answer, headers: { "retry-after": String(retryAfterS) } };
}

function traceOf({ headers }: IncomingMessage): { traceparent: string | undefined; tracestate: string | undefined } {
  const { traceparent, tracestate } = headers;
  return { traceparent: only(traceparent), tracestate: only(tracestate) };
}

function only(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : undefined;
}
