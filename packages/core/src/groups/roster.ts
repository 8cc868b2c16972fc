import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { GroupOptions } from "../options.ts";
import { GroupMember, OUT_REASONS } from "./group-member.ts";
import type { GroupMemberSnapshot } from "./group-snapshot.ts";

/** A member that can take a call, with its server. */
export interface Chosen {
  readonly member: GroupMember;
  readonly server: ManagedServer;
}

/** The members of one group: who is registered, who is in rotation, and why the others are not. */
export class Roster {
  readonly #members: readonly GroupMember[];

  /** `lookUp` finds servers on each use. */
  constructor(options: GroupOptions, lookUp: (id: string) => ManagedServer | undefined) {
    this.#members = options.members.map((member) => new GroupMember(member, options.health, lookUp));
  }

  get size(): number {
    return this.#members.length;
  }

  find(id: string): GroupMember | undefined {
    return this.#members.find((member) => member.id === id);
  }

  /** The members that are registered, in rotation or not, in the order of the configuration. */
  servers(): readonly ManagedServer[] {
    return this.#members.map((member) => member.server()).filter((server) => server !== undefined);
  }

  /** The members that may take calls now, in the order of the configuration. */
  inRotation(): readonly Chosen[] {
    return this.#members.flatMap((member) => {
      const server = member.server();
      return server === undefined || member.outBecause() !== undefined ? [] : [{ member, server }];
    });
  }

  /** Who is out of rotation and why, for people. */
  whoIsOut(): string {
    const out = this.#members.flatMap((member) => {
      const reason = member.outBecause();
      return reason === undefined ? [] : [`${member.id} (${OUT_REASONS[reason]})`];
    });
    return out.length === 0 ? "none is out" : out.join(", ");
  }

  /** Milliseconds until a member that is out may be back, as far as that is known of any. */
  retryAfterMs(nowMs: number): number | undefined {
    const times = this.#members.map((member) => member.retryAfterMs(nowMs)).filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Takes over what is known of members from the group's former shape. */
  inherit(old: Roster): void {
    for (const member of this.#members) {
      const former = old.find(member.id);
      if (former !== undefined) member.inherit(former);
    }
  }

  snapshot(): readonly GroupMemberSnapshot[] {
    return this.#members.map((member) => {
      const outBecause = member.outBecause();
      const { failures, successes } = member.health();
      return {
        id: member.id,
        weight: member.weight,
        priority: member.priority,
        inRotation: outBecause === undefined,
        outBecause,
        inFlight: member.inFlight,
        consecutiveFailures: failures,
        consecutiveSuccesses: successes,
      };
    });
  }
}
