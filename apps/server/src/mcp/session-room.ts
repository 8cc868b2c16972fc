import { shareOf } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { LegacySession } from "./legacy-session.ts";

/** Sessions at all endpoints together, some 12 KB each at worst. */
const SESSIONS_MAX = 10_000;

/** Bounds the sessions of all endpoints together. When it is full, the caller with the most sessions loses the longest silent one. */
export class SessionRoom {
  /** By caller, or by address where callers were not asked who they are: each session and how it is closed. */
  readonly #byOwner = new Map<string, Map<LegacySession, () => void>>();
  #size = 0;

  /** Counts a session; the returned function gives its place back, once. `close` is called when the session must make room. */
  take(session: LegacySession, caller: Caller, close: () => void): () => void {
    if (this.#size >= SESSIONS_MAX) this.#closeLongestSilent();
    const owner = shareOf(caller);
    const owned = this.#byOwner.get(owner) ?? new Map<LegacySession, () => void>();
    this.#byOwner.set(owner, owned.set(session, close));
    this.#size++;
    return () => {
      if (!owned.delete(session)) return;
      this.#size--;
      if (owned.size === 0) this.#byOwner.delete(owner);
    };
  }

  /** Nobody can drive out the sessions of others. */
  #closeLongestSilent(): void {
    let most: ReadonlyMap<LegacySession, () => void> = new Map();
    for (const owned of this.#byOwner.values()) if (owned.size > most.size) most = owned;
    let [victim] = most.keys();
    for (const session of most.keys()) {
      if (victim === undefined || session.inUse) continue;
      if (victim.inUse || session.lastSeenMs < victim.lastSeenMs) victim = session;
    }
    if (victim !== undefined) most.get(victim)?.();
  }
}
