import type { JsonObject, Platform } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { LegacySession } from "./legacy-session.ts";
import { SessionRoom } from "./session-room.ts";

/** A client that has not been heard of for this long has gone without saying so. */
const IDLE_MS = 60 * 60 * 1_000;
const SWEEP_MS = 60_000;

/** The legacy sessions of one endpoint. Ids are ours; those of upstream servers never leak. */
export class SessionStore {
  readonly #platform: Platform;
  readonly #room: SessionRoom;
  readonly #sessions = new Map<string, LegacySession>();
  /** Give the places of sessions back. */
  readonly #giveBack = new Map<LegacySession, () => void>();
  #cancelSweep: () => void;

  /** `room` is shared by all endpoints of a gateway. */
  constructor(platform: Platform, room = new SessionRoom()) {
    this.#platform = platform;
    this.#room = room;
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
    const id = this.#platform.uuid();
    const nowMs = this.#platform.clock.nowMs();
    const session = new LegacySession({ id, protocolVersion, capabilities, caller, nowMs });
    const giveBack = this.#room.take(session, caller, () => this.close(session));
    this.#giveBack.set(session, giveBack);
    this.#sessions.set(id, session);
    return session;
  }

  close(session: LegacySession): void {
    this.#sessions.delete(session.id);
    this.#giveBack.get(session)?.();
    this.#giveBack.delete(session);
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
}
