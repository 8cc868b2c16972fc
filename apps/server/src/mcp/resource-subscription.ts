import { type FleetEntry, failure, type ManagedServer, RPC } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { type Answer, answerOf, errorAnswer } from "./answer.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Endpoint } from "./endpoint.ts";
import { forward } from "./methods/relay.ts";
import { isOffered } from "./offered.ts";
import type { Target } from "./scope.ts";

/** A client's subscription to one resource. Updates come through the announcements of the endpoint. */
export interface ResourceSubscription {
  /** The URI as the client spelled it, under which it wants to hear of updates. */
  readonly uri: string;
  /** To be called once. */
  readonly release: () => void;
}

/** What is the same for all spellings by which a client of an endpoint can name a resource of a server. */
export function resourceKey({ server, name }: Target): string {
  return `${server}/${name}`;
}

/**
 * Subscribes to a resource in the way of the server behind it, which is started if need be and stays up until the
 * subscription is released. A server that takes its place takes over the subscription. An answer is a refusal.
 */
export async function subscribeTo(
  endpoint: Endpoint,
  request: ClientRequest,
  uri: string,
): Promise<ResourceSubscription | Answer> {
  const target = endpoint.scope.resolveUri(uri, request.caller);
  // Once for the wish, however many requests it takes: when the server is replaced, the gateway asks again on its own account.
  const refusal = endpoint.gateway.admitRequest(request.caller);
  if (refusal !== undefined) return answerOf(refusal);
  const server = serverOf(endpoint, request.caller, target);
  if (server === undefined) return forward(endpoint, asked(request), wanted(target, uri));
  const giveBack = endpoint.subscriptionQuota.take(request, uri);
  if (giveBack === undefined) {
    endpoint.traffic.countShed("subscriptions");
    return answerOf(failure("overloaded", "too many subscriptions, or to URIs too long; end some that are done with"));
  }
  const wish = { request, target, uri, giveBack };
  const hold = await holdAt(server, endpoint, wish);
  if (!("kind" in hold)) return new KeptSubscription(endpoint, wish, hold);
  giveBack();
  return hold;
}

/** Who subscribed, and to what. */
interface Wish {
  readonly request: ClientRequest;
  readonly target: Target;
  /** The URI as the client spelled it. */
  readonly uri: string;
  /** Gives back the room that the subscription takes. */
  readonly giveBack: () => void;
}

/** A subscription as one server has it. */
interface Hold {
  readonly server: ManagedServer;
  readonly letGo: () => void;
}

/** A subscription that follows its server when that is replaced by another of the same id. */
export class KeptSubscription implements ResourceSubscription {
  readonly #endpoint: Endpoint;
  readonly #wish: Wish;
  #server: ManagedServer;
  /** `undefined` while it moves, and when the new server would not take it. */
  #hold: Hold | undefined;
  #released = false;

  constructor(endpoint: Endpoint, { request, target, uri, giveBack }: Wish, hold: Hold) {
    this.#endpoint = endpoint;
    // The request is answered soon, and its client may leave: nobody can cancel the rest or be asked on its behalf. What
    // the request holds (its body, its connection) must not live as long as the subscription.
    const { era, id, method, caller, client, session, capabilities } = request;
    const { signal } = endpoint.closing;
    const lasting = { era, id, method, caller, client, session, capabilities, signal, params: {}, meta: {}, trace: {} };
    this.#wish = { request: { ...lasting, channel: SILENT }, target, uri, giveBack };
    this.#server = hold.server;
    this.#hold = hold;
    endpoint.subscriptions.add(this);
    // It may have been replaced before this was there to notice.
    this.follow(hold.server);
  }

  get uri(): string {
    return this.#wish.uri;
  }

  readonly release = (): void => {
    this.#released = true;
    this.#wish.giveBack();
    this.#endpoint.subscriptions.delete(this);
    this.#hold?.letGo();
    this.#hold = undefined;
  };

  /** Something became of a server or group. */
  follow({ id }: FleetEntry): void {
    if (id !== this.#server.id) return;
    const server = serverOf(this.#endpoint, this.#wish.request.caller, this.#wish.target);
    // What fails unexpectedly leaves the client without a subscription, as what fails expectedly does.
    if (server !== undefined && server !== this.#server) this.#move(server).catch(() => {});
  }

  async #move(server: ManagedServer): Promise<void> {
    this.#server = server;
    this.#hold?.letGo();
    this.#hold = undefined;
    const hold = await holdAt(server, this.#endpoint, this.#wish);
    if ("kind" in hold) return;
    if (this.#released || this.#server !== server) return hold.letGo();
    this.#hold = hold;
    // Whatever happened in between, the client has not heard of it.
    this.#endpoint.announcements.updated(server, this.#wish.target.name);
  }
}

const SILENT: ClientRequest["channel"] = { notify: () => {}, ask: undefined };

/** The server that a subscription is for; `undefined` when there is none, or the resource does not exist for the caller. */
function serverOf(endpoint: Endpoint, caller: Caller, target: Target): ManagedServer | undefined {
  const server = endpoint.gateway.fleet.get(target.server);
  return isOffered(endpoint, caller, { list: "resources", target }) ? server : undefined;
}

function wanted(target: Target, asked: string): Parameters<typeof forward>[2] {
  return { list: "resources", target, renamed: { uri: target.name }, asked };
}

async function holdAt(
  server: ManagedServer,
  endpoint: Endpoint,
  { request, target, uri }: Wish,
): Promise<Hold | Answer> {
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
      return { server, letGo: release };
    }
    letGo();
    return errorAnswer(RPC.internalError, `server "${server.id}" took no subscription to the resource: ${problem}`);
  }
  let answer = "code" in session ? endpoint.failed(session, request.caller, server.id) : undefined;
  if (answer === undefined) {
    const subscriptions = server.subscriptionsOf({ caller: request.caller, line: request.session });
    if ("code" in subscriptions) {
      letGo();
      return endpoint.failed(subscriptions, request.caller, server.id);
    }
    let agreed = false;
    await subscriptions.add(target.name, async () => {
      answer = await forward(endpoint, asked(request), wanted(target, uri));
      agreed = answer.kind === "result";
      return agreed;
    });
    const release = (): void => {
      subscriptions.remove(target.name);
      letGo();
    };
    if (agreed) return { server, letGo: release };
  }
  letGo();
  return answer ?? errorAnswer(RPC.internalError, `server "${server.id}" was not asked`);
}

function asked(request: ClientRequest): ClientRequest {
  return { ...request, method: "resources/subscribe", params: {}, admitted: true };
}
