import type { RegisteredName, TelemetryBus } from "@mcp-hangar/telemetry";
import type { CheckOutcome } from "../health/probe.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { Membership } from "../lifecycle/server-context.ts";
import type { GroupOptions } from "../options.ts";
import type { Platform } from "../platform/platform.ts";
import { type Registration, registeredEvent } from "../registration.ts";
import { ServerGroup } from "./server-group.ts";

/** What groups need from the fleet around them. */
export interface GroupsContext {
  readonly platform: Platform;
  readonly bus: TelemetryBus;
  readonly server: (id: string) => ManagedServer | undefined;
  readonly onOfferChanged: (group: ServerGroup) => void;
}

/** The groups of a fleet, and what they want to know of their members. */
export class Groups implements Membership {
  readonly #context: GroupsContext;
  readonly #groups = new Map<string, { readonly group: ServerGroup; readonly registration: Registration }>();
  /** By id of the member. The configuration puts a server in one group; while it changes, the first one counts. */
  #groupOf: ReadonlyMap<string, ServerGroup> = new Map();

  constructor(context: GroupsContext) {
    this.#context = context;
  }

  get(id: string): ServerGroup | undefined {
    return this.#groups.get(id)?.group;
  }

  /** Who defined the group, and where. */
  registrationOf(id: string): Registration | undefined {
    return this.#groups.get(id)?.registration;
  }

  all(): readonly ServerGroup[] {
    return [...this.#groups.values()].map(({ group }) => group);
  }

  /** The group that has the server as a member. */
  of(server: string): ServerGroup | undefined {
    return this.#groupOf.get(server);
  }

  /** Adds a group, or puts it in the place of the one with the same id, whose calls go on with the members it had. */
  put(id: string, options: GroupOptions, registration: Registration): ServerGroup {
    const { platform, bus, server, onOfferChanged } = this.#context;
    const group = new ServerGroup({
      id,
      options,
      platform,
      server,
      onOfferChanged,
      onBreaker: (name, from, to) => {
        const timeMs = platform.clock.wallMs();
        bus.emit({ type: "circuit_breaker.state_changed", timeMs, server: name, from, to });
      },
    });
    const old = this.get(id);
    if (old !== undefined) group.inherit(old);
    this.#groups.set(id, { group, registration });
    this.#index();
    bus.emit(registeredEvent({ server: group.id, mode: "group", timeMs: platform.clock.wallMs() }, registration));
    return group;
  }

  /** Removes a group; its members stay. */
  delete(id: string): ServerGroup | undefined {
    const group = this.get(id);
    if (group === undefined) return undefined;
    this.#groups.delete(id);
    this.#index();
    return group;
  }

  groupOf(server: ManagedServer): RegisteredName | undefined {
    return this.of(server.id)?.id;
  }

  isSuspected(server: ManagedServer): boolean {
    return this.of(server.id)?.isSuspected(server) ?? false;
  }

  checked(server: ManagedServer, { result }: CheckOutcome): void {
    const verdict = result === "healthy" ? "success" : result === "unhealthy" ? "failure" : "neutral";
    this.of(server.id)?.checked(server, verdict);
  }

  #index(): void {
    const index = new Map<string, ServerGroup>();
    for (const group of this.all()) {
      for (const { id } of group.options.members) if (!index.has(id)) index.set(id, group);
    }
    this.#groupOf = index;
  }
}
