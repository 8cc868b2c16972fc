import {
  type FleetEntry,
  type Gateway,
  type JsonObject,
  type JsonRpcNotification,
  LISTS,
  type ListKind,
  type ManagedServer,
} from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { type Scope, textOf } from "./scope.ts";
import type { SessionStore } from "./session-store.ts";

/** What a modern client wants to hear, as `subscriptions/listen` spells it. */
export interface ListenFilter {
  readonly toolsListChanged?: boolean;
  readonly promptsListChanged?: boolean;
  readonly resourcesListChanged?: boolean;
  readonly resourceSubscriptions?: readonly string[];
}

export interface Listener {
  readonly filter: ListenFilter;
  readonly caller: Caller;
  readonly send: (notification: JsonRpcNotification) => void;
}

/** Listeners of one endpoint; more are refused. */
const MAX_LISTENERS = 1_000;
/** Lowest first. */
export const LOG_LEVELS: readonly string[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];
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
      onListChanged: (entry, list) => this.#onListChanged(entry, list),
      onNotification: (server, notification) => this.#onNotification(server, notification),
    });
  }

  /** Adds a modern listener; the returned function removes it. `undefined` when there are too many. */
  listen(listener: Listener): (() => void) | undefined {
    if (this.#listeners.size >= MAX_LISTENERS) return undefined;
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether a modern client listens for changes of the resource. */
  hearsOf(uri: string): boolean {
    for (const { filter } of this.#listeners) if (filter.resourceSubscriptions?.includes(uri)) return true;
    return false;
  }

  /** Tells who is subscribed to a resource, by the server's own URI, that it may have changed. */
  updated(server: ManagedServer, uri: string): void {
    this.#onResourceUpdated(server, { uri });
  }

  close(): void {
    this.#unobserve();
    this.#listeners.clear();
  }

  #onListChanged({ id }: FleetEntry, list: ListKind): void {
    if (!this.#scope.has(id)) return;
    const notification = { method: LISTS[list].changed, params: {} };
    for (const session of this.#sessions.all()) {
      if (session.listed.has(list) && this.#scope.concerns(session.caller, id)) session.push(notification);
    }
    for (const { filter, send, caller } of this.#listeners) {
      if (filter[FILTER_OF[list]] === true && this.#scope.concerns(caller, id)) send(notification);
    }
  }

  #onNotification(server: ManagedServer, { method, params }: JsonRpcNotification): void {
    if (!this.#scope.has(server.id)) return;
    if (method === "notifications/resources/updated") this.#onResourceUpdated(server, params);
    else if (method === "notifications/message") this.#onLogMessage(server, { method, params });
  }

  #onResourceUpdated(server: ManagedServer, params: JsonObject): void {
    const uri = this.#scope.qualifyUri(server.id, textOf(params.uri));
    const notification = { method: "notifications/resources/updated", params: { ...params, uri } };
    // Who could subscribe may have lost the right since.
    for (const session of this.#sessions.all()) {
      if (session.subscriptions.has(uri) && this.#scope.concerns(session.caller, server.id)) session.push(notification);
    }
    for (const { filter, send, caller } of this.#listeners) {
      if (filter.resourceSubscriptions?.includes(uri) && this.#scope.concerns(caller, server.id)) send(notification);
    }
  }

  #onLogMessage(server: ManagedServer, notification: JsonRpcNotification): void {
    const level = LOG_LEVELS.indexOf(textOf(notification.params.level));
    for (const session of this.#sessions.all()) {
      if (!this.#scope.concerns(session.caller, server.id)) continue;
      // A client that asked for a level wants messages; one that never did is not told about other clients' calls.
      if (session.logLevel !== undefined && level >= LOG_LEVELS.indexOf(session.logLevel)) session.push(notification);
    }
  }
}
