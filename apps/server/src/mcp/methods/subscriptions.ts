import {
  type CancelSignal,
  isJsonObject,
  type JsonObject,
  type JsonRpcNotification,
  LOG_LEVELS,
  META,
  RPC,
} from "@mcp-hangar/core";
import type { ListenFilter } from "../announcements.ts";
import { type Answer, answerOf, errorAnswer, resultAnswer } from "../answer.ts";
import type { ClientRequest } from "../client-request.ts";
import type { Endpoint } from "../endpoint.ts";
import { withSubscription } from "../era-translation.ts";
import { type ResourceSubscription, resourceKey, subscribeTo } from "../resource-subscription.ts";

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
  const key = resourceKey(endpoint.scope.resolveUri(uri, request.caller));
  const subscription = await subscribeTo(endpoint, request, uri);
  if ("kind" in subscription) return subscription;
  // The client may have left meanwhile, or subscribed by another request, or with another spelling.
  if (request.signal.aborted || session.subscriptions.has(key)) subscription.release();
  else session.subscriptions.set(key, subscription);
  return resultAnswer({});
}

/** `resources/unsubscribe` of the legacy era: ends the client's own subscription, and nobody else's. */
export function unsubscribe(endpoint: Endpoint, request: ClientRequest): Answer {
  const { uri } = request.params;
  const { session } = request;
  if (typeof uri !== "string" || session === undefined) return needsUri(request);
  const key = resourceKey(endpoint.scope.resolveUri(uri, request.caller));
  const subscription = session.subscriptions.get(key);
  session.subscriptions.delete(key);
  subscription?.release();
  return resultAnswer({});
}

/**
 * `logging/setLevel` of the legacy era: decides what this client hears. A server has one level for all clients, and is told
 * the most verbose that any of them wants.
 */
export async function setLogLevel(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { level } = request.params;
  if (typeof level !== "string" || !LOG_LEVELS.includes(level)) {
    return errorAnswer(RPC.invalidParams, `logging/setLevel needs a "level" out of ${LOG_LEVELS.join(", ")}`);
  }
  // One token for all servers: it is one wish of the client.
  const limited = endpoint.gateway.admitRequest(request.caller);
  if (limited !== undefined) return answerOf(limited);
  const refusal = await request.session?.wantLevel(level, endpoint.scope.servers(request.caller));
  return endpoint.scope.single && refusal !== undefined
    ? errorAnswer(refusal.code, refusal.message, refusal.data)
    : resultAnswer({});
}

/** `subscriptions/listen` of the modern era: the request stays open, and its stream carries what the filter lets by. */
export async function listen(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const { notifications } = request.params;
  if (!isJsonObject(notifications)) {
    return errorAnswer(RPC.invalidParams, 'subscriptions/listen needs an object "notifications"');
  }
  const { resourceSubscriptions: wanted = [], ...lists } = readFilter(notifications);
  const subscriptions = await Promise.all(wanted.map((uri) => subscribeTo(endpoint, request, uri)));
  // What became of each is told to the client; the request as a whole has not failed.
  if (request.record !== undefined) request.record.result = undefined;
  // What no server takes a subscription to is left out of what is acknowledged.
  const taken = subscriptions.filter((subscription): subscription is ResourceSubscription => !("kind" in subscription));
  const uris = taken.map(({ uri }) => uri);
  const filter = uris.length > 0 ? { ...lists, resourceSubscriptions: uris } : lists;
  const send = ({ method, params }: JsonRpcNotification) =>
    request.channel.notify({ method, params: withSubscription(params, request.id) });
  send({ method: "notifications/subscriptions/acknowledged", params: { notifications: { ...filter } } });
  if (Object.keys(filter).length > 0) {
    const { caller } = request;
    const resources = Map.groupBy(uris, (uri) => resourceKey(endpoint.scope.resolveUri(uri, caller)));
    const remove = endpoint.announcements.listen({ filter, resources, send, caller });
    if (remove !== undefined) await firstAborted(request.signal, endpoint.closing.signal);
    remove?.();
    for (const { release } of taken) release();
    if (remove === undefined) return errorAnswer(RPC.internalError, "too many subscriptions are open; try again later");
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

/** Resolves when one of the signals aborts, and leaves no listener at the others: the endpoint outlives its streams. */
function firstAborted(...signals: readonly CancelSignal[]): Promise<void> {
  if (signals.some(({ aborted }) => aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const signal of signals) signal.removeEventListener("abort", settle);
      resolve();
    };
    for (const signal of signals) signal.addEventListener("abort", settle);
  });
}

function needsUri(request: ClientRequest): Answer {
  return errorAnswer(RPC.invalidParams, `${request.method} needs a string "uri"`);
}
