import {
  DEFAULT_LOG_LEVEL,
  type Failure,
  type FleetEntry,
  failure,
  hearsLevel,
  isJsonObject,
  type JsonObject,
  type JsonRpcNotification,
  META,
  type RelayContext,
  type ResultPayload,
  RPC,
  type TaskWish,
} from "@mcp-hangar/core";
import { type Caller, shortText } from "@mcp-hangar/telemetry";
import { textOf } from "../../text-of.ts";
import { type Answer, answerOf, errorAnswer, resultAnswer } from "../answer.ts";
import type { ClientRequest } from "../client-request.ts";
import type { Endpoint } from "../endpoint.ts";
import { cacheable, forLegacyClient, forModernClient } from "../era-translation.ts";
import type { LegacySession } from "../legacy-session.ts";
import { isOffered, noteRefusal, type Wanted } from "../offered.ts";
import { paramHeaderRefusal } from "../param-header-refusal.ts";
import { withQualifiedLinks } from "../resource-links.ts";
import type { Target } from "../scope.ts";
import { unknownName } from "../unknown-names.ts";

/** `tools/call`: the one method that is counted, traced and audited as a call. */
export async function callTool(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { name, arguments: args, _meta, task: wish, ...extra } = request.params;
  const management = endpoint.management?.find(name, request.caller);
  if (management !== undefined) {
    const { caller, signal } = request;
    const result = await management.call(args, { caller, signal, door: "mcp", relay: relayContext(request) });
    return translated({ kind: "result", result }, request);
  }
  // Without a usable name the gateway still counts the refusal, under the empty name.
  const wanted = typeof name === "string" ? name : "";
  const unlisted = endpoint.scope.unlisted(wanted);
  if (unlisted !== undefined) await listFirst(unlisted, endpoint, request);
  const target = endpoint.scope.resolve(wanted, "tools");
  let mismatch: string | undefined;
  const refusedFor = (definition: JsonObject): Failure | undefined => {
    mismatch = paramHeaderRefusal(request, definition);
    return mismatch === undefined ? undefined : failure("invalid_request", mismatch);
  };
  // Tools of the gateway itself, and of servers that make no tasks, are called as ever: the wish for one is ignored then.
  const result = await endpoint.gateway.callTool(
    {
      ...relayContext(request),
      origin: "mcp",
      server: target.server,
      tool: target.name,
      // The gateway refuses arguments that are no object, and counts the refusal.
      arguments: args as JsonObject | undefined,
      extra,
      task: taskWish(endpoint, request, { target, params: wish }),
      refusedFor: request.header && refusedFor,
    },
    request.signal,
  );
  if (mismatch !== undefined) return errorAnswer(RPC.headerMismatch, mismatch, undefined, 400);
  if (result.kind === "failure" && result.code === "unknown_tool" && typeof name === "string") {
    return answerOf({ ...result, message: unknownName(endpoint, request.caller, { list: "tools", name }) });
  }
  return translated(linked(endpoint, target, answerOf(result)), request);
}

/** The wish for a task of a client that was offered them; any other could not fetch what becomes of it. */
function taskWish(
  { scope }: Endpoint,
  { session, caller: { type } }: ClientRequest,
  { target: { server, name }, params }: { readonly target: Target; readonly params: unknown },
): TaskWish | undefined {
  if (session?.takesTasks !== true || !isJsonObject(params)) return undefined;
  return {
    params,
    line: session,
    // They outlive the request by far, and keep nothing of it.
    wants: (notification) => isWanted(notification, { session, caller: { type } }),
    mayHear: () => scope.shows(session.caller, server, "tools", name),
  };
}

/** Lists the server of a shortened name if it never was, because nobody can know otherwise what the name stands for. */
async function listFirst(
  entry: FleetEntry,
  { gateway, scope }: Endpoint,
  { caller, signal }: ClientRequest,
): Promise<void> {
  if (scope.exists(entry.id, caller) && gateway.admitRequest(caller) === undefined)
    await entry.refresh("tools", signal);
}

/** On the aggregate, links lead to resources under the names that they have there. */
export function linked({ scope }: Endpoint, { server }: Target, answer: Answer): Answer {
  if (scope.single || answer.kind === "error") return answer;
  return { kind: "result", result: withQualifiedLinks(answer.result, (uri) => scope.qualifyUri(server, uri)) };
}

export async function getPrompt(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { name } = request.params;
  if (typeof name !== "string") return errorAnswer(RPC.invalidParams, 'prompts/get needs a string "name"');
  const target = endpoint.scope.resolve(name, "prompts");
  const answer = await forward(endpoint, request, {
    list: "prompts",
    target,
    renamed: { name: target.name },
    asked: name,
  });
  return linked(endpoint, target, answer);
}

export async function readResource(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { uri } = request.params;
  if (typeof uri !== "string") return errorAnswer(RPC.invalidParams, 'resources/read needs a string "uri"');
  const target = endpoint.scope.resolveUri(uri, request.caller);
  const answer = await forward(endpoint, request, {
    list: "resources",
    target,
    renamed: { uri: target.name },
    asked: uri,
  });
  if (answer.kind === "error") return answer;
  const value = withShownContents(endpoint, request.caller, { target, value: answer.result.value });
  if (request.era === "legacy") return resultAnswer(value);
  return resultAnswer(cacheable(endpoint.scope.sameForAll ? value : { ...value, cacheScope: "private" }));
}

export async function complete(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { ref } = request.params;
  if (!isJsonObject(ref)) return errorAnswer(RPC.invalidParams, 'completion/complete needs an object "ref"');
  // Only the one that was looked at is passed on: with both, a server might look at the other.
  const { name, uri, ...rest } = ref;
  if (typeof name === "string" && ref.type !== "ref/resource") {
    const target = endpoint.scope.resolve(name, "prompts");
    return forward(endpoint, request, {
      list: "prompts",
      target,
      renamed: { ref: { ...rest, name: target.name } },
      asked: name,
    });
  }
  if (typeof uri === "string" && ref.type !== "ref/prompt") {
    const target = endpoint.scope.resolveUri(uri, request.caller);
    const renamed = { ref: { ...rest, uri: target.name } };
    return forward(endpoint, request, { list: "resourceTemplates", target, renamed, asked: uri });
  }
  return errorAnswer(RPC.invalidParams, 'the "ref" of completion/complete needs a "name" or a "uri"');
}

/** The contents of a resource as clients of the endpoint know them, without those of other resources that do not exist for them. */
function withShownContents(
  endpoint: Endpoint,
  caller: Caller,
  { target: { server, name }, value }: { readonly target: Target; readonly value: JsonObject },
): JsonObject {
  if (!Array.isArray(value.contents)) return value;
  const isShown = (uri: string): boolean =>
    uri === name || isOffered(endpoint, caller, { list: "resources", target: { server, name: uri } });
  const shown = value.contents.filter((item) => !isJsonObject(item) || isShown(textOf(item.uri)));
  const { scope } = endpoint;
  if (scope.single) return shown.length === value.contents.length ? value : { ...value, contents: shown };
  const contents = shown.map((item) =>
    isJsonObject(item) ? { ...item, uri: scope.qualifyUri(server, textOf(item.uri)) } : item,
  );
  return { ...value, contents };
}

/** Characters of a URI that an error repeats. */
const URI_CHARS_MAX = 2_048;

/** A request to one server, with its names as the server spells them. */
interface Forwarded extends Wanted {
  readonly renamed: JsonObject;
  /** What the client asked for, as it spells it. */
  readonly asked: string;
}

/** Passes a request on. What does not exist for the caller is refused before the server is asked. */
export async function forward(endpoint: Endpoint, request: ClientRequest, forwarded: Forwarded): Promise<Answer> {
  const { target, renamed } = forwarded;
  if (!isOffered(endpoint, request.caller, forwarded)) {
    noteRefusal(endpoint, request, forwarded);
    return notOffered(endpoint, request, forwarded);
  }
  const { _meta, ...params } = request.params;
  const result = await endpoint.gateway.relay(
    {
      ...relayContext(request),
      server: target.server,
      method: request.method,
      params: { ...params, ...renamed },
      admitted: request.admitted,
      record: request.record,
    },
    request.signal,
  );
  if (request.record !== undefined) request.record.result = result;
  return translated(withOwnUri(endpoint, target, answerOf(result)), request);
}

/** What is said of a prompt, resource or template that does not exist for the caller, in the client's own words. */
function notOffered(endpoint: Endpoint, request: ClientRequest, { list, target, asked }: Forwarded): Answer {
  if (list === "tools" || list === "prompts") {
    return errorAnswer(RPC.invalidParams, unknownName(endpoint, request.caller, { list, name: asked }));
  }
  const code = request.method.startsWith("resources/") ? notFoundCode(request) : RPC.invalidParams;
  const form =
    target.server === "" && !endpoint.scope.single ? "; URIs here are hangar://<server>/<URI of the server>" : "";
  const uri = shortText(asked, URI_CHARS_MAX);
  return errorAnswer(code, `${request.method}: no server of this gateway offers "${shortText(asked, 200)}"${form}`, {
    uri,
  });
}

/** An error about a resource names it as this endpoint does: servers say the URI in `data` (server/resources, "Error Handling"). */
function withOwnUri({ scope }: Endpoint, { server }: Target, answer: Answer): Answer {
  if (scope.single || answer.kind === "result") return answer;
  const { data } = answer.error;
  if (!isJsonObject(data) || typeof data.uri !== "string") return answer;
  return { ...answer, error: { ...answer.error, data: { ...data, uri: scope.qualifyUri(server, data.uri) } } };
}

/** A resource that does not exist: revision 2026-07-28 made it an invalid parameter. */
function notFoundCode(request: ClientRequest): number {
  return request.era === "modern" ? RPC.invalidParams : RPC.resourceNotFound;
}

export function translated(answer: Answer, request: ClientRequest): Answer {
  if (answer.kind === "result") {
    const convert: (result: ResultPayload) => ResultPayload =
      request.era === "modern" ? forModernClient : forLegacyClient;
    return { kind: "result", result: convert(answer.result) };
  }
  if (answer.error.code === RPC.resourceNotFound && request.era === "modern") {
    return { ...answer, error: { ...answer.error, code: RPC.invalidParams } };
  }
  return answer;
}

export function relayContext(request: ClientRequest): RelayContext {
  const { channel, session } = request;
  const { ask } = channel;
  const canAnswer = ask !== undefined && session !== undefined;
  return {
    caller: request.caller,
    client: request.client,
    meta: session?.logLevel === undefined ? request.meta : { ...request.meta, [META.logLevel]: session.logLevel },
    trace: request.trace,
    onNotification: (notification) => {
      if (isWanted(notification, request)) channel.notify(notification);
    },
    line: session,
    clientEra: request.era,
    clientCapabilities: canAnswer
      ? session.askable
      : request.era === "modern"
        ? withoutTasks(request.capabilities)
        : undefined,
    onServerRequest: canAnswer
      ? async (asked) => {
          if (session.canAnswer(asked.method)) return ask(asked);
          const message = `${asked.method}: the client behind this call cannot answer it`;
          return { kind: "error", error: { code: RPC.methodNotFound, message } };
        }
      : undefined,
  };
}

/** Tasks of the modern era are an extension that is not relayed: no server is to answer with one. */
function withoutTasks(capabilities: JsonObject): JsonObject {
  const { extensions } = capabilities;
  if (!isJsonObject(extensions) || extensions[TASKS_EXTENSION] === undefined) return capabilities;
  const { [TASKS_EXTENSION]: _tasks, ...others } = extensions;
  return { ...capabilities, extensions: others };
}

const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

/** What decides whether a client hears of something. */
interface Hearer {
  readonly session: LegacySession | undefined;
  /** `_meta` of the request, for clients of the modern era. */
  readonly meta?: JsonObject;
  readonly caller: Pick<Caller, "type">;
}

/** A server has one level of log messages for all clients, which the wish of another may have lowered. */
function isWanted({ method, params }: JsonRpcNotification, { session, meta, caller }: Hearer): boolean {
  if (method !== "notifications/message") return true;
  // In the modern era nothing is logged to a client that does not ask for it with the request.
  const asked = session === undefined ? meta?.[META.logLevel] : session.logLevel;
  if (typeof asked === "string") return hearsLevel(asked, params.level);
  if (session === undefined) return false;
  return caller.type === "local" || hearsLevel(DEFAULT_LOG_LEVEL, params.level);
}
