import type { IncomingMessage } from "node:http";
import { type Failure, type Gateway, type Implementation, LIST_KINDS, type Platform } from "@mcp-hangar/core";
import type { Caller, SessionEndReason, TelemetryBus } from "@mcp-hangar/telemetry";
import { type CallerRights, OPEN_ACCESS } from "../access/access.ts";
import { Traffic } from "../http/traffic.ts";
import type { ManagementTools } from "../management/mcp-tools.ts";
import { Announcements } from "./announcements.ts";
import { type Answer, answerOf } from "./answer.ts";
import { ListViews } from "./list-views.ts";
import type { McpOptions } from "./options.ts";
import type { KeptSubscription } from "./resource-subscription.ts";
import { type AnswerRoom, KEPT_BYTES_MAX } from "./resumption/answer-room.ts";
import { createScope, type Scope, type ScopeSelector } from "./scope.ts";
import type { SessionRoom } from "./session-room.ts";
import { SessionStore } from "./session-store.ts";
import { SubscriptionQuota } from "./subscription-quota.ts";
import { WrittenPages } from "./written-pages.ts";

export interface EndpointOptions {
  readonly gateway: Gateway;
  readonly scope: ScopeSelector;
  /** Name and version that clients see. */
  readonly info: Implementation;
  readonly platform: Platform;
  /** What callers may do; everything when absent. */
  readonly access?: CallerRights | undefined;
  /** Tools of the gateway itself; none when absent. */
  readonly management?: ManagementTools | undefined;
  /** What clients of the aggregate are told; read on each use. The defaults when absent. */
  readonly options?: (() => McpOptions) | undefined;
  /** Counts what waits for clients over HTTP; an account of its own when absent. */
  readonly traffic?: Traffic | undefined;
  /** Bounds subscriptions, together with other endpoints; a quota of its own when absent. */
  readonly subscriptionQuota?: SubscriptionQuota | undefined;
  /** Bounds sessions, together with other endpoints; a room of its own when absent. */
  readonly sessionRoom?: SessionRoom | undefined;
  /** Bounds what is kept for clients that lose their connections, together with other endpoints; a room of its own when absent. */
  readonly answerRoom?: AnswerRoom | undefined;
  /** The address of the client of a request, behind trusted proxies; that of the connection when absent. */
  readonly addressOf?: ((request: IncomingMessage) => string) | undefined;
  /** Hears of sessions; nobody does when absent. */
  readonly bus?: TelemetryBus | undefined;
}

const DEFAULTS: McpOptions = { server_instructions: true, http_sse: false, kept_answer_bytes: KEPT_BYTES_MAX };

/** What the methods of one endpoint work on. */
export class Endpoint {
  readonly gateway: Gateway;
  readonly info: Implementation;
  readonly platform: Platform;
  readonly scope: Scope;
  readonly access: CallerRights;
  readonly management: ManagementTools | undefined;
  readonly options: () => McpOptions;
  readonly traffic: Traffic;
  readonly subscriptionQuota: SubscriptionQuota;
  readonly sessions: SessionStore;
  readonly announcements: Announcements;
  readonly subscriptions = new Set<KeptSubscription>();
  readonly pages = new WrittenPages();
  readonly addressOf: (request: IncomingMessage) => string;
  readonly #unobserve: () => void;
  /** Aborted when the endpoint closes: long-lived streams end. */
  readonly closing = new AbortController();

  constructor(options: EndpointOptions) {
    this.gateway = options.gateway;
    this.info = options.info;
    this.platform = options.platform;
    this.management = options.management;
    this.options = options.options ?? (() => DEFAULTS);
    this.traffic = options.traffic ?? new Traffic();
    this.subscriptionQuota = options.subscriptionQuota ?? new SubscriptionQuota();
    this.access = options.access ?? OPEN_ACCESS;
    this.addressOf = options.addressOf ?? (({ socket }) => socket.remoteAddress ?? "");
    this.scope = createScope({ gateway: options.gateway, access: this.access }, options.scope);
    this.sessions = new SessionStore({
      ...options,
      onClosed: (session) => options.gateway.left(session),
    });
    this.announcements = new Announcements(options.gateway, this.scope, this.sessions);
    this.#unobserve = options.gateway.fleet.observe({
      onNotification: () => {},
      // One list stands for all: of a server that came, every list has changed.
      onListChanged: (entry, list) => {
        if (list === "resources") for (const subscription of this.subscriptions) subscription.follow(entry);
      },
    });
  }

  /** The answer to a request that failed at a server before the gateway passed it on, in words for the caller. */
  failed(failure: Failure, caller: Caller, server = this.scope.entries(caller)[0]?.id ?? ""): Answer {
    return answerOf(this.gateway.told(failure, caller, server));
  }

  /**
   * Notes which tools of the gateway itself its clients have, and what their rights show them of servers; the function that it gives
   * tells those for whom that is different by then. What servers offer is told by themselves.
   */
  watchLists(): () => void {
    const namesFor = (caller: Caller): string => (this.management?.namesFor(caller) ?? []).join(" ");
    const before = new Map<Caller, string>();
    const shown = new ListViews(this.scope, this.access);
    for (const caller of this.announcements.callers()) {
      if (before.has(caller)) continue;
      before.set(caller, namesFor(caller));
      shown.note(caller);
    }
    return () => {
      const now = new ListViews(this.scope, this.access);
      for (const list of LIST_KINDS) {
        const hasOthers = (caller: Caller): boolean => list === "tools" && before.get(caller) !== namesFor(caller);
        this.announcements.tellChanged(list, (caller) => hasOthers(caller) || now.differs(shown, caller, list));
      }
    };
  }

  close(reason: SessionEndReason = "shutdown"): void {
    this.closing.abort();
    this.#unobserve();
    this.announcements.close();
    this.sessions.closeAll(reason);
  }
}
