import {
  type Audience,
  DEFAULT_LOG_LEVEL,
  type FleetEntry,
  type Gateway,
  hearsLevel,
  type JsonObject,
  type JsonRpcNotification,
  LISTS,
  type ListKind,
  type ManagedServer,
  shareOf,
} from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { textOf } from "../text-of.ts";
import type { LegacySession } from "./legacy-session.ts";
import { resourceKey } from "./resource-subscription.ts";
import type { Scope } from "./scope.ts";
import type { SessionStore } from "./session-store.ts";

/** What a modern client wants to hear, as `subscriptions/listen` spells it. */
export interface ListenFilter {
  readonly toolsListChanged?: boolean;
  readonly promptsListChanged?: boolean;
  readonly resourcesListChanged?: boolean;
  readonly resourceSubscriptions?: readonly string[];
}

/** Somebody who hears announcements. */
export interface Listener {
  readonly filter: ListenFilter;
  /** The resources it is subscribed to, by {@link resourceKey}, with the URIs it used. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
  readonly caller: Caller;
  readonly send: (notification: JsonRpcNotification) => void;
}

/** Listeners of one endpoint; more are refused. */
const MAX_LISTENERS = 1_000;
/** Those of one credential, which many agents may share, or of one address where callers were not asked who they are. */
const MAX_LISTENERS_A_CALLER = 500;
const FILTER_OF: Readonly<Record<ListKind, keyof ListenFilter>> = {
  tools: "toolsListChanged",
  prompts: "promptsListChanged",
  resources: "resourcesListChanged",
  resourceTemplates: "resourcesListChanged",
};

/** Carries what servers announce on their own account to the clients of one endpoint that want to hear it. */
export class Announcements {
  readonly #scope: Scope;
  readonly #sessions: SessionStore;
  readonly #listeners = new Set<Listener>();
  readonly #unobserve: () => void;

  constructor(gateway: Gateway, scope: Scope, sessions: SessionStore) {
    this.#scope = scope;
    this.#sessions = sessions;
    this.#unobserve = gateway.fleet.observe({
      onListChanged: (entry, list, changed) => this.#onListChanged(entry, list, changed),
      onNotification: (server, notification, audience) => this.#onNotification(server, notification, audience),
    });
  }

  /** Adds a modern listener; the returned function removes it. `undefined` when there are too many. */
  listen(listener: Listener): (() => void) | undefined {
    if (this.#listeners.size >= MAX_LISTENERS || !this.#mayListen(listener.caller)) return undefined;
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells who is subscribed to a resource, by the server's own URI, that it may have changed. */
  updated(server: ManagedServer, uri: string): void {
    this.#onResourceUpdated(server, { uri });
  }

  /** The lists of this kind are others now for those whom `concerns` names. */
  tellChanged(list: ListKind, concerns: (caller: Caller) => boolean): void {
    const notification = { method: LISTS[list].changed, params: {} };
    for (const session of this.#sessions.all()) {
      if (session.listed.has(list) && concerns(session.caller)) session.push(notification);
    }
    for (const { filter, send, caller } of this.#listeners) {
      if (filter[FILTER_OF[list]] === true && concerns(caller)) send(notification);
    }
  }

  /** Those who would hear of a change, each caller as often as it listens. */
  *callers(): Iterable<Caller> {
    for (const { caller } of this.#sessions.all()) yield caller;
    for (const { caller } of this.#listeners) yield caller;
  }

  /** A caller may have a part of the listeners, so that others find room. */
  #mayListen(caller: Caller): boolean {
    const share = shareOf(caller);
    const own = [...this.#listeners].filter((listener) => shareOf(listener.caller) === share);
    return own.length < MAX_LISTENERS_A_CALLER;
  }

  close(): void {
    this.#unobserve();
    this.#listeners.clear();
  }

  #onListChanged({ id }: FleetEntry, list: ListKind, changed: ReadonlySet<string> | undefined): void {
    if (!this.#scope.has(id)) return;
    const about = changed && { list, names: changed };
    this.tellChanged(list, (caller) => this.#scope.concerns(caller, id, about));
  }

  #onNotification(server: ManagedServer, { method, params }: JsonRpcNotification, audience?: Audience): void {
    if (!this.#scope.has(server.id)) return;
    if (method === "notifications/resources/updated") this.#onResourceUpdated(server, params, audience);
    else if (method === "notifications/message") this.#onLogMessage(server, { method, params }, audience);
  }

  #onResourceUpdated(server: ManagedServer, params: JsonObject, audience?: Audience): void {
    const name = textOf(params.uri);
    const key = resourceKey({ server: server.id, name });
    if (server.catalog.hides("resources", name)) return;
    const about = { list: "resources", names: [name] } as const;
    const concerns = (caller: Caller, line?: LegacySession): boolean =>
      this.#scope.concerns(caller, server.id, about) && audience?.({ caller, line }) !== false;
    const notification = (uri: string): JsonRpcNotification => {
      return { method: "notifications/resources/updated", params: { ...params, uri } };
    };
    // Who could subscribe may have lost the right since.
    for (const session of this.#sessions.all()) {
      const uri = session.subscriptions.get(key)?.uri;
      if (uri !== undefined && concerns(session.caller, session)) session.push(notification(uri));
    }
    for (const { resources, send, caller } of this.#listeners) {
      const uris = resources.get(key);
      if (uris !== undefined && concerns(caller)) for (const uri of uris) send(notification(uri));
    }
  }

  /**
   * A message that stems from nobody knows whose call, so it is for nobody who may not hear of all of them: only for the client
   * that started this process, which is the operator. In the session of one caller or client it is for that. Messages with a known
   * origin go to the channel of their call.
   */
  #onLogMessage(server: ManagedServer, notification: JsonRpcNotification, audience?: Audience): void {
    const { level } = notification.params;
    for (const session of this.#sessions.all()) {
      const { caller, logLevel } = session;
      if (!this.#scope.concerns(caller, server.id)) continue;
      if (audience === undefined) {
        if (caller.type === "local" && logLevel !== undefined && hearsLevel(logLevel, level))
          session.push(notification);
      } else if (audience({ caller, line: session }) && hearsLevel(logLevel ?? DEFAULT_LOG_LEVEL, level)) {
        session.push(notification);
      }
    }
  }
}
