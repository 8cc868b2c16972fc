import type { IncomingMessage } from "node:http";
import { type Answer, failureOf, jsonAnswer, type Refusal, refusalAnswer } from "../http/answer.ts";
import type { RequestOrigin } from "../http/client-address.ts";
import type { Route, UnreadRequest, Unrouted } from "../http/route.ts";
import { isOperationFailure, type Operation, type OperationFailure, operationFailure } from "./operation.ts";
import type { NoOperation } from "./recorded.ts";
import { restClient } from "./rest-client.ts";
import { inputReader } from "./rest-input.ts";

/** Offers the operations that have a `route` over HTTP. */
export function restRoutes(operations: readonly Operation[], origin: Pick<RequestOrigin, "address">): readonly Route[] {
  return operations.flatMap((operation) => {
    const { route, permission, perform, input } = operation;
    if (route === undefined) return [];
    const read = inputReader(input);
    const run = runner(perform, origin);
    const handle: Route["handle"] = async (request) => {
      const given = read(request);
      const value = await ("kind" in given ? run(request, request.params, given) : run(request, given.input));
      return isOperationFailure(value) ? failureAnswer(value) : jsonAnswer(200, value);
    };
    const refuse: Route["refuse"] = (request, refusal) => refuseUnread(run, request, request.params, refusal);
    return [{ ...route, permission, handle, refuse }];
  });
}

/** Answers callers whom no route serves, by the operation that is none. */
export function unroutedAnswers({ read, change }: NoOperation, origin: Pick<RequestOrigin, "address">): Unrouted {
  const [runRead, runChange] = [runner(read, origin), runner(change, origin)];
  return (request, refusal) => {
    const { method = "", url = "" } = request.http;
    const [path = ""] = url.split("?", 1);
    const run = method === "GET" || method === "HEAD" ? runRead : runChange;
    return refuseUnread(run, request, { name: `${method} ${path}` }, refusal);
  };
}

type Asked = Pick<UnreadRequest, "http" | "caller" | "signal">;
type Run = (request: Asked, input: object, refused?: OperationFailure) => ReturnType<Operation["perform"]>;

function runner(perform: Operation["perform"], origin: Pick<RequestOrigin, "address">): Run {
  return ({ caller, signal, http }, input, refused) => {
    const relay = { caller, client: restClient(http, origin.address(http)), trace: traceOf(http) };
    return perform(input, { caller, signal, door: "rest", relay, refused });
  };
}

/** Has a refusal told as the end of an operation. */
async function refuseUnread(run: Run, request: Asked, input: object, refusal: Refusal): Promise<Answer> {
  const refused = unreadFailure(refusal);
  const value = await run(request, input, refused);
  // The rate limit may have refused it before.
  return value !== refused && isOperationFailure(value) ? failureAnswer(value) : refusalAnswer(refusal);
}

/** What an operation has failed by whose request was refused before its body was read. */
export function unreadFailure(refusal: Refusal): OperationFailure {
  return operationFailure(failureOf(refusal), refusal.status, refusal.message);
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
