import type { Verdict } from "../admission.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { MemberOptions } from "../options.ts";
import { type HealthThresholds, MemberHealth } from "./member-health.ts";

/** Why a member takes no calls of its group, and how that is said. */
export const OUT_REASONS = {
  taken_out: "taken out by an operator",
  not_registered: "not registered",
  dead: "dead",
  degraded: "degraded",
  circuit_open: "its circuit breaker is open",
  unhealthy: "its calls or health checks failed",
} as const;
export type OutReason = keyof typeof OUT_REASONS;

/** One member of a group. The server behind it is looked up on each use: it may come, go and be replaced. */
export class GroupMember {
  readonly id: string;
  readonly weight: number;
  readonly priority: number;
  /** Whether an operator wants no calls of the group to go there. */
  takenOut = false;
  readonly #thresholds: HealthThresholds;
  readonly #lookUp: () => ManagedServer | undefined;
  #health: MemberHealth;
  /** Whom the observations are of. */
  #observed: ManagedServer | undefined;

  constructor(
    { id, weight, priority }: MemberOptions,
    thresholds: HealthThresholds,
    lookUp: (id: string) => ManagedServer | undefined,
  ) {
    this.id = id;
    this.weight = weight;
    this.priority = priority;
    this.#thresholds = thresholds;
    this.#lookUp = () => lookUp(id);
    this.#health = new MemberHealth(thresholds);
  }

  /** The server of the member; `undefined` when there is none at the moment. */
  server(): ManagedServer | undefined {
    const server = this.#lookUp();
    // What was observed of another server says nothing about the one that has taken its place.
    if (server !== this.#observed) {
      if (this.#observed !== undefined) this.#health = new MemberHealth(this.#thresholds);
      this.#observed = server;
    }
    return server;
  }

  health(): MemberHealth {
    this.server();
    return this.#health;
  }

  get inFlight(): number {
    return this.server()?.inFlight ?? 0;
  }

  /** Why the member is out of rotation; `undefined` when it is in. */
  outBecause(): OutReason | undefined {
    const server = this.server();
    if (this.takenOut) return "taken_out";
    if (server === undefined) return "not_registered";
    const { state, breaker, options } = server;
    if (state.name === "dead" || state.name === "degraded") return state.name;
    // A dead server that is being started is not back before it has answered.
    if (state.name === "initializing" && state.failures >= options.max_consecutive_failures) return "dead";
    // Once its time is up, the next call is the probe that may close it.
    if (breaker.state() !== "closed" && breaker.retryAfterMs() > 0) return "circuit_open";
    return this.#health.healthy ? undefined : "unhealthy";
  }

  /** Milliseconds until the member may be tried again, as far as that is known. */
  retryAfterMs(nowMs: number): number | undefined {
    const server = this.server();
    switch (this.outBecause()) {
      case "circuit_open":
        return server?.breaker.retryAfterMs();
      case "dead":
        return server?.state.name === "dead" ? Math.max(0, server.state.retryAtMs - nowMs) : undefined;
      default:
        return undefined;
    }
  }

  /** Something was observed of `server`; what comes late, of a server that is no longer the member, is ignored. */
  observe(server: ManagedServer, verdict: Verdict): void {
    if (this.server() === server) this.#health.observe(verdict);
  }

  /** Takes over what is known of the same member in the group's former shape. */
  inherit(old: GroupMember): void {
    this.takenOut = old.takenOut;
    if (old.server() === this.server()) this.#health.inherit(old.health());
  }
}
