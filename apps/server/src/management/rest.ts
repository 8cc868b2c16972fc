import type { IncomingMessage } from "node:http";
import { type Answer, jsonAnswer, type Refusal, refusalAnswer } from "../http/answer.ts";
import type { RequestOrigin } from "../http/client-address.ts";
import type { Route, UnreadRequest } from "../http/route.ts";
import { isOperationFailure, type Operation, type OperationFailure, operationFailure } from "./operation.ts";
import { restClient } from "./rest-client.ts";
import { inputReader } from "./rest-input.ts";

/** Offers the operations that have a `route` over HTTP. */
export function restRoutes(operations: readonly Operation[], origin: Pick<RequestOrigin, "address">): readonly Route[] {
  return operations.flatMap((operation) => {
    const { route, permission, perform, input } = operation;
    if (route === undefined) return [];
    const read = inputReader(input);
    const run = (request: UnreadRequest, input: object, refused?: OperationFailure): ReturnType<typeof perform> => {
      const { caller, signal, http } = request;
      const relay = { caller, client: restClient(http, origin.address(http)), trace: traceOf(http) };
      return perform(input, { caller, signal, door: "rest", relay, refused });
    };
    const handle: Route["handle"] = async (request) => {
      const given = read(request);
      const value = await ("kind" in given ? run(request, request.params, given) : run(request, given.input));
      return isOperationFailure(value) ? failureAnswer(value) : jsonAnswer(200, value);
    };
    const refuse: Route["refuse"] = async (request, refusal) => {
      const refused = unreadFailure(refusal);
      const value = await run(request, request.params, refused);
      // The rate limit may have refused it before.
      return value !== refused && isOperationFailure(value) ? failureAnswer(value) : refusalAnswer(refusal);
    };
    return [{ ...route, permission, handle, refuse }];
  });
}

/** What an operation has failed by whose request was refused before its body was read. */
export function unreadFailure({ status, message }: Refusal): OperationFailure {
  const code = status === 499 ? "cancelled" : status === 503 ? "overloaded" : "invalid_request";
  return operationFailure(code, status, message);
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
