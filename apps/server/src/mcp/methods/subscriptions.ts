import { isJsonObject, type JsonObject, type JsonRpcNotification, META, RPC } from "@mcp-hangar/core";
import type { ListenFilter } from "../announcements.ts";
import { type Answer, errorAnswer, resultAnswer } from "../answer.ts";
import type { ClientRequest } from "../client-request.ts";
import type { Endpoint } from "../endpoint.ts";
import { withSubscription } from "../era-translation.ts";
import { forward } from "./relay.ts";

/** Resources one legacy client may be subscribed to. */
const MAX_SUBSCRIPTIONS = 1_000;

/** `resources/subscribe` of the legacy era. The server stays up as long as somebody is subscribed. */
export async function subscribe(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { uri } = request.params;
  const { session } = request;
  if (typeof uri !== "string" || session === undefined) return needsUri(request);
  if (session.subscriptions.size >= MAX_SUBSCRIPTIONS) {
    return errorAnswer(RPC.invalidRequest, `a client may subscribe to ${MAX_SUBSCRIPTIONS} resources at most`);
  }
  const target = endpoint.scope.resolveUri(uri);
  const answer = await forward(endpoint, request, target, { uri: target.name });
  const server = endpoint.gateway.fleet.get(target.server);
  if (answer.kind === "result" && server !== undefined && !session.subscriptions.has(uri)) {
    session.subscriptions.set(uri, server.use());
  }
  return answer;
}

/** `resources/unsubscribe` of the legacy era. Other clients may still be subscribed, so the server is not told. */
export async function unsubscribe(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { uri } = request.params;
  const { session } = request;
  if (typeof uri !== "string" || session === undefined) return needsUri(request);
  session.subscriptions.get(uri)?.();
  session.subscriptions.delete(uri);
  for (const other of endpoint.sessions.all()) if (other.subscriptions.has(uri)) return resultAnswer({});
  const target = endpoint.scope.resolveUri(uri);
  return forward(endpoint, request, target, { uri: target.name });
}

/** `logging/setLevel` of the legacy era: kept for this client, and passed on to the servers that run and can log. */
export async function setLogLevel(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { level } = request.params;
  if (typeof level !== "string") return errorAnswer(RPC.invalidParams, 'logging/setLevel needs a string "level"');
  if (request.session !== undefined) request.session.logLevel = level;
  const able = endpoint.scope
    .servers()
    .filter(
      (server) => isJsonObject(server.session()?.peer.capabilities.logging) && server.session()?.peer.era === "legacy",
    );
  const answers = await Promise.all(
    able.map((server) => forward(endpoint, request, { server: server.id, name: "" }, {})),
  );
  const refused = answers.find((answer) => answer.kind === "error");
  return endpoint.scope.single && refused !== undefined ? refused : resultAnswer({});
}

/** `subscriptions/listen` of the modern era: the request stays open, and its stream carries what the filter lets by. */
export async function listen(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { notifications } = request.params;
  if (!isJsonObject(notifications)) {
    return errorAnswer(RPC.invalidParams, 'subscriptions/listen needs an object "notifications"');
  }
  const filter = readFilter(notifications);
  const send = ({ method, params }: JsonRpcNotification) =>
    request.channel.notify({ method, params: withSubscription(params, request.id) });
  send({ method: "notifications/subscriptions/acknowledged", params: { notifications: { ...filter } } });
  if (Object.keys(filter).length > 0) {
    const remove = endpoint.announcements.listen({ filter, send });
    if (remove === undefined) return errorAnswer(RPC.internalError, "too many subscriptions are open; try again later");
    await aborted(AbortSignal.any([request.signal, endpoint.closing.signal]));
    remove();
  }
  return resultAnswer({
    resultType: "complete",
    _meta: { [META.subscriptionId]: request.id, [META.serverInfo]: endpoint.info },
  });
}

function readFilter(wanted: JsonObject): ListenFilter & JsonObject {
  const { resourceSubscriptions } = wanted;
  const uris = Array.isArray(resourceSubscriptions)
    ? resourceSubscriptions.filter((uri): uri is string => typeof uri === "string").slice(0, MAX_SUBSCRIPTIONS)
    : [];
  return {
    ...(wanted.toolsListChanged === true ? { toolsListChanged: true } : {}),
    ...(wanted.promptsListChanged === true ? { promptsListChanged: true } : {}),
    ...(wanted.resourcesListChanged === true ? { resourcesListChanged: true } : {}),
    ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function needsUri(request: ClientRequest): Answer {
  return errorAnswer(RPC.invalidParams, `${request.method} needs a string "uri"`);
}
