import {
  type CallResult,
  FAILURES,
  type FailureCode,
  failure,
  isJsonObject,
  type JsonObject,
  RPC,
} from "@mcp-hangar/core";
import { type Caller, type Client, shortText } from "@mcp-hangar/telemetry";
import { type Answer, answerOf, errorAnswer } from "./answer.ts";
import { clientName } from "./client.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LegacySession } from "./legacy-session.ts";
import { initialize } from "./methods/handshake.ts";
import { METHODS } from "./methods/index.ts";
import { type NamedList, SEPARATOR } from "./qualified-names.ts";
import type { Scope } from "./scope.ts";

/**
 * Answers one request, and has it recorded unless that is done elsewhere: tool calls are, and a `ping` is nothing that anybody did.
 * Never rejects: what goes wrong inside is an internal error without details.
 */
export function dispatch(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { method } = request;
  if (method === "tools/call" || method === "ping") return answered(endpoint, request);
  return recorded(endpoint, request, (asked) => answered(endpoint, asked));
}

/** Answers `initialize` of the legacy era, which opens a session. Never rejects. */
export async function shakeHands(
  endpoint: Endpoint,
  request: ClientRequest,
): Promise<{ readonly answer: Answer; readonly session: LegacySession | undefined }> {
  let session: LegacySession | undefined;
  const client = { ...request.client, ...clientName(request.params.clientInfo) };
  const answer = await recorded(endpoint, { ...request, client }, async (asked) => {
    const opened = await initialize(endpoint, asked);
    ({ session } = opened);
    return opened.answer;
  });
  return { answer, session };
}

async function recorded(
  endpoint: Endpoint,
  request: ClientRequest,
  work: (request: ClientRequest) => Promise<Answer>,
): Promise<Answer> {
  const { scope, gateway } = endpoint;
  const only = scope.single ? scope.entries(request.caller)[0] : undefined;
  const about = { method: request.method, server: only?.id ?? "", subject: subjectOf(request, scope) };
  const record = gateway.record(about, request);
  record.server = only?.id;
  const answer = await work({ ...request, record });
  const unwritten = record.settle(record.result ?? meaningOf(answer));
  const refused = unwritten === undefined ? undefined : await unwritten;
  return refused === undefined ? answer : answerOf(refused);
}

async function answered(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const method = METHODS[request.era].get(request.method);
  if (method === undefined) {
    return errorAnswer(
      RPC.methodNotFound,
      `unknown method ${JSON.stringify(shortText(request.method, 100))}`,
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

/** A message of a client that is refused before it is known what it asks for. */
export interface RefusedMessage {
  readonly caller: Caller;
  readonly client: Client;
  /** Method of the request; `undefined` when it could not be read, or was none. */
  readonly method: string | undefined;
  readonly message: string;
  /** What kind of failure it is; `invalid_request` when absent. */
  readonly failure?: FailureCode | undefined;
}

/** Has it recorded that a message was refused: malformed, of a session that does not exist, or by HTTP before it was read. */
export function refused({ gateway }: Endpoint, message: RefusedMessage): void {
  const { caller, client, method = "", failure: code = "invalid_request" } = message;
  const record = gateway.record(
    { method, server: "", subject: method === "" ? undefined : method },
    { caller, client },
  );
  // Nothing was done that anybody would have to agree to, and the refusal need not wait for who is told of it.
  void record.settle(failure(code, message.message));
}

/** Why nothing was done by what a client sent as a notification, if it is the name of a request; `undefined` for notifications. */
export function unanswerable(method: string): string | undefined {
  if (method.startsWith("notifications/")) return undefined;
  return `${JSON.stringify(shortText(method, 100))} came without an id, so that it could not be answered: nothing was done`;
}

/** Handles a client's notification; those that mean nothing here are ignored, as the protocol wants it. */
export function notified(
  { gateway }: Pick<Endpoint, "gateway">,
  session: LegacySession | undefined,
  method: string,
  params: JsonObject,
): void {
  if (session === undefined) return;
  if (method === "notifications/cancelled") session.cancel(params.requestId);
  // Only servers that keep a session for this client know whose roots those are.
  else if (method === "notifications/roots/list_changed") gateway.fleet.notify(session, { method, params: {} });
}

/** What a request is about, in the client's words, but for prefixes and shortened names: records have ids and whole names. */
function subjectOf({ method, params }: Pick<ClientRequest, "method" | "params">, scope: Scope): string | undefined {
  const { uri, name, level, ref, taskId } = params;
  const inRef = isJsonObject(ref) ? ref : {};
  const named = [name, inRef.name].find((text) => typeof text === "string");
  const whole =
    named === undefined ? undefined : wholeName(named, method === "tools/call" ? "tools" : "prompts", scope);
  return [uri, whole, level, inRef.uri, taskId].find((text): text is string => typeof text === "string");
}

function wholeName(text: string, list: NamedList, scope: Scope): string {
  const { server, name } = scope.resolve(text, list);
  return scope.single || server === "" ? text : `${server}${SEPARATOR}${name}`;
}

/** What an answer that comes from no server says for the records. */
function meaningOf(answer: Answer): CallResult {
  if (answer.kind === "result") return answer;
  const { code, message, data } = answer.error;
  const type = isJsonObject(data) ? data.error_type : undefined;
  if (isFailureCode(type)) return failure(type, message);
  return failure(code === RPC.internalError ? "internal" : "invalid_request", message);
}

function isFailureCode(type: unknown): type is FailureCode {
  return typeof type === "string" && Object.hasOwn(FAILURES, type);
}
