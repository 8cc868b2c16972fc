import { isJsonObject, type JsonObject, type JsonRpcNotification, META, RPC } from "@mcp-hangar/core";
import { type ListenFilter, LOG_LEVELS } from "../announcements.ts";
import { type Answer, errorAnswer, resultAnswer } from "../answer.ts";
import type { ClientRequest } from "../client-request.ts";
import type { Endpoint } from "../endpoint.ts";
import { withSubscription } from "../era-translation.ts";
import { type ResourceSubscription, subscribeTo, unsubscribeFrom } from "../resource-subscription.ts";
import { forward } from "./relay.ts";

/** Resources one legacy client may be subscribed to. */
const MAX_SUBSCRIPTIONS = 1_000;
/** Longest URI that is remembered, in characters: what is longer is no address of anything. */
const MAX_URI_CHARS = 8_192;

/** `resources/subscribe` of the legacy era. The server stays up as long as somebody is subscribed. */
export async function subscribe(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { uri } = request.params;
  const { session } = request;
  if (typeof uri !== "string" || session === undefined) return needsUri(request);
  if (uri.length > MAX_URI_CHARS) {
    return errorAnswer(RPC.invalidParams, `the "uri" of a subscription may have ${MAX_URI_CHARS} characters at most`);
  }
  if (session.subscriptions.size >= MAX_SUBSCRIPTIONS) {
    return errorAnswer(RPC.invalidRequest, `a client may subscribe to ${MAX_SUBSCRIPTIONS} resources at most`);
  }
  const subscription = await subscribeTo(endpoint, request, uri);
  if ("kind" in subscription) return subscription;
  // The client may have left meanwhile, or subscribed by another request.
  if (request.signal.aborted || session.subscriptions.has(uri)) subscription.release();
  else session.subscriptions.set(uri, subscription);
  return resultAnswer({});
}

/** `resources/unsubscribe` of the legacy era. */
export async function unsubscribe(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { uri } = request.params;
  const { session } = request;
  if (typeof uri !== "string" || session === undefined) return needsUri(request);
  const subscription = session.subscriptions.get(uri);
  session.subscriptions.delete(uri);
  subscription?.release();
  return subscription?.kept === "stream" ? resultAnswer({}) : unsubscribeFrom(endpoint, request, uri);
}

/** `logging/setLevel` of the legacy era: kept for this client, and passed on to the servers that run and can log. */
export async function setLogLevel(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { level } = request.params;
  if (typeof level !== "string" || !LOG_LEVELS.includes(level)) {
    return errorAnswer(RPC.invalidParams, `logging/setLevel needs a "level" out of ${LOG_LEVELS.join(", ")}`);
  }
  if (request.session !== undefined) request.session.logLevel = level;
  const running = endpoint.scope.servers(request.caller).filter((server) => server.session() !== undefined);
  const peers = await Promise.all(running.map(async (server) => server.session()?.peerFor("legacy")));
  // Modern servers are told with each request of this client.
  const able = running.filter((_server, index) => {
    const peer = peers[index];
    return peer?.era === "legacy" && isJsonObject(peer.capabilities.logging);
  });
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
  const { resourceSubscriptions: wanted = [], ...lists } = readFilter(notifications);
  const subscriptions = await Promise.all(wanted.map((uri) => subscribeTo(endpoint, request, uri)));
  // What no server takes a subscription to is left out of what is acknowledged.
  const uris = wanted.filter((_uri, index) => !("kind" in (subscriptions[index] ?? {})));
  const filter = uris.length > 0 ? { ...lists, resourceSubscriptions: uris } : lists;
  const send = ({ method, params }: JsonRpcNotification) =>
    request.channel.notify({ method, params: withSubscription(params, request.id) });
  send({ method: "notifications/subscriptions/acknowledged", params: { notifications: { ...filter } } });
  if (Object.keys(filter).length > 0) {
    const remove = endpoint.announcements.listen({ filter, send, caller: request.caller });
    if (remove !== undefined) await aborted(AbortSignal.any([request.signal, endpoint.closing.signal]));
    remove?.();
    await release(endpoint, request, wanted, subscriptions);
    if (remove === undefined) return errorAnswer(RPC.internalError, "too many subscriptions are open; try again later");
  }
  return resultAnswer({
    resultType: "complete",
    _meta: { [META.subscriptionId]: request.id, [META.serverInfo]: endpoint.info },
  });
}

async function release(
  endpoint: Endpoint,
  request: ClientRequest,
  uris: readonly string[],
  subscriptions: readonly (ResourceSubscription | Answer)[],
): Promise<void> {
  // The client has left, but the server must hear of it all the same.
  const farewell = { ...request, signal: endpoint.closing.signal };
  const told = subscriptions.map(async (subscription, index) => {
    if ("kind" in subscription) return;
    subscription.release();
    if (subscription.kept === "server") await unsubscribeFrom(endpoint, farewell, uris[index] ?? "");
  });
  await Promise.all(told);
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
