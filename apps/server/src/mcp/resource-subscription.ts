import { RPC } from "@mcp-hangar/core";
import { type Answer, answerOf, errorAnswer, resultAnswer } from "./answer.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Endpoint } from "./endpoint.ts";
import { forward } from "./methods/relay.ts";

/** A client's subscription to one resource. Updates come through the announcements of the endpoint. */
export interface ResourceSubscription {
  /** Who remembers it: the server, or a stream of ours that stands as long as somebody is subscribed. */
  readonly kept: "server" | "stream";
  /** To be called once. */
  readonly release: () => void;
}

/**
 * Subscribes to a resource in the way of the server behind it, which is started if need be and stays up until the
 * subscription is released. An answer is a refusal.
 */
export async function subscribeTo(
  endpoint: Endpoint,
  request: ClientRequest,
  uri: string,
): Promise<ResourceSubscription | Answer> {
  const target = endpoint.scope.resolveUri(uri, request.caller);
  const isThere = endpoint.scope.exists(target.server, request.caller);
  const server = isThere ? endpoint.gateway.fleet.get(target.server) : undefined;
  const asked = { ...request, method: "resources/subscribe", params: {} };
  if (server === undefined) return forward(endpoint, asked, target, { uri: target.name });
  const letGo = server.keepUp();
  const session = await server.ensureReady(request.signal);
  const era = "code" in session ? undefined : (await session.peerFor(request.era)).era;
  if (era === "modern") {
    const problem = await server.watches.add(target.name);
    if (problem === undefined) {
      const release = (): void => {
        server.watches.remove(target.name);
        letGo();
      };
      return { kept: "stream", release };
    }
    letGo();
    return errorAnswer(RPC.internalError, `server "${server.id}" took no subscription to the resource: ${problem}`);
  }
  const answer = "code" in session ? answerOf(session) : await forward(endpoint, asked, target, { uri: target.name });
  if (answer.kind === "result") return { kept: "server", release: letGo };
  letGo();
  return answer;
}

/** Tells a server that keeps subscriptions itself that nobody wants this one any more, unless somebody does. */
export async function unsubscribeFrom(endpoint: Endpoint, request: ClientRequest, uri: string): Promise<Answer> {
  for (const session of endpoint.sessions.all()) if (session.subscriptions.has(uri)) return resultAnswer({});
  if (endpoint.announcements.hearsOf(uri)) return resultAnswer({});
  const target = endpoint.scope.resolveUri(uri, request.caller);
  const asked = { ...request, method: "resources/unsubscribe", params: {} };
  return forward(endpoint, asked, target, { uri: target.name });
}
