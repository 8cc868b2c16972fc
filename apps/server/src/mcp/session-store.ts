import type { JsonObject, Platform } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { LegacySession } from "./legacy-session.ts";

/** A client that has not been heard of for this long has gone without saying so. */
const IDLE_MS = 60 * 60 * 1_000;
const SWEEP_MS = 60_000;
/** Sessions of one endpoint. When full, the longest silent one of the caller who has the most makes room. */
const MAX_SESSIONS = 10_000;

/** The legacy sessions of one endpoint. Ids are ours; those of upstream servers never leak. */
export class SessionStore {
  readonly #platform: Platform;
  readonly #sessions = new Map<string, LegacySession>();
  readonly #byOwner = new Map<string, Set<LegacySession>>();
  #cancelSweep: () => void;

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#cancelSweep = this.#scheduleSweep();
  }

  /** The caller's session of that id: somebody else's does not exist for the caller. */
  get(id: string, caller: Caller): LegacySession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || session.caller.credential !== caller.credential) return undefined;
    session.lastSeenMs = this.#platform.clock.nowMs();
    // Their roles may be others by now.
    session.caller = caller;
    return session;
  }

  all(): Iterable<LegacySession> {
    return this.#sessions.values();
  }

  get size(): number {
    return this.#sessions.size;
  }

  open(protocolVersion: string, capabilities: JsonObject, caller: Caller): LegacySession {
    if (this.#sessions.size >= MAX_SESSIONS) this.#evictLongestSilent();
    const id = this.#platform.uuid();
    const nowMs = this.#platform.clock.nowMs();
    const session = new LegacySession({ id, protocolVersion, capabilities, caller, nowMs });
    this.#sessions.set(id, session);
    const owner = caller.credential;
    const owned = this.#byOwner.get(owner);
    if (owned === undefined) this.#byOwner.set(owner, new Set([session]));
    else owned.add(session);
    return session;
  }

  close(session: LegacySession): void {
    this.#sessions.delete(session.id);
    const owner = session.caller.credential;
    const owned = this.#byOwner.get(owner);
    owned?.delete(session);
    if (owned?.size === 0) this.#byOwner.delete(owner);
    session.close();
  }

  closeAll(): void {
    this.#cancelSweep();
    // Deleting the current entry of a map while walking it is well defined.
    for (const session of this.#sessions.values()) this.close(session);
  }

  #scheduleSweep(): () => void {
    return this.#platform.clock.schedule(SWEEP_MS, () => {
      const oldest = this.#platform.clock.nowMs() - IDLE_MS;
      for (const session of this.#sessions.values()) {
        if (session.lastSeenMs < oldest && !session.inUse) this.close(session);
      }
      this.#cancelSweep = this.#scheduleSweep();
    });
  }

  /** Whoever has the most makes room, so that nobody can drive out the sessions of others. */
  #evictLongestSilent(): void {
    let most: ReadonlySet<LegacySession> = new Set();
    for (const sessions of this.#byOwner.values()) if (sessions.size > most.size) most = sessions;
    let [victim] = most;
    for (const session of most) {
      if (victim === undefined || session.inUse) continue;
      if (victim.inUse || session.lastSeenMs < victim.lastSeenMs) victim = session;
    }
    if (victim !== undefined) this.close(victim);
  }
}
