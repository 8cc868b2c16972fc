import { type JsonObject, type Platform, shareOf } from "@mcp-hangar/core";
import type { Caller, Client, SessionEndReason, TelemetryBus } from "@mcp-hangar/telemetry";
import { LegacySession } from "./legacy-session.ts";
import { AnswerRoom } from "./resumption/answer-room.ts";
import { SessionAnswers } from "./resumption/session-answers.ts";
import { SessionRoom } from "./session-room.ts";

/** A client that has not been heard of for this long has gone without saying so. */
const IDLE_MS = 60 * 60 * 1_000;
const SWEEP_MS = 60_000;

export interface SessionStoreOptions {
  readonly platform: Platform;
  /** Hears of sessions; nobody does when absent. */
  readonly bus?: TelemetryBus | undefined;
  /** Shared by all endpoints of a gateway; a room of its own when absent. */
  readonly sessionRoom?: SessionRoom | undefined;
  /** Bounds what is kept for clients that lose their connections, shared likewise; a room of its own when absent. */
  readonly answerRoom?: AnswerRoom | undefined;
  /** A session has ended. */
  readonly onClosed?: ((session: LegacySession) => void) | undefined;
}

/** What a client said when it opened a session. */
export interface Opening {
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly takesTasks?: boolean | undefined;
  readonly caller: Caller;
  readonly client: Client;
}

/** The legacy sessions of one endpoint. Ids are ours; those of upstream servers never leak. */
export class SessionStore {
  readonly #platform: Platform;
  readonly #bus: TelemetryBus | undefined;
  readonly #room: SessionRoom;
  readonly #answerRoom: AnswerRoom;
  readonly #sessions = new Map<string, LegacySession>();
  /** Give the places of sessions back. */
  readonly #giveBack = new Map<LegacySession, () => void>();
  #cancelSweep: () => void;
  readonly #onClosed: SessionStoreOptions["onClosed"];
  #closedFor: SessionEndReason | undefined;

  constructor({ platform, bus, sessionRoom, answerRoom, onClosed }: SessionStoreOptions) {
    this.#onClosed = onClosed;
    this.#platform = platform;
    this.#bus = bus;
    this.#room = sessionRoom ?? new SessionRoom();
    this.#answerRoom = answerRoom ?? new AnswerRoom();
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

  open({ client, ...opening }: Opening): LegacySession {
    const { clock } = this.#platform;
    const id = this.#platform.uuid();
    const { caller, protocolVersion } = opening;
    const { name, version } = client;
    const answers = new SessionAnswers(this.#answerRoom, clock, shareOf(caller));
    const session = new LegacySession({ ...opening, id, client: { name, version }, answers, nowMs: clock.nowMs() });
    const giveBack = this.#room.take(session, caller, () => this.close(session, "displaced"));
    this.#giveBack.set(session, giveBack);
    this.#sessions.set(id, session);
    const own: Client = { ...client, protocolVersion, sessionId: id };
    if (caller.type === "api_key" || caller.type === "jwt") {
      this.#bus?.emit({ type: "authentication.succeeded", timeMs: clock.wallMs(), door: "mcp", caller, client: own });
    }
    this.#bus?.emit({ type: "session.opened", timeMs: clock.wallMs(), sessionId: id, caller, client: own });
    if (this.#closedFor !== undefined) this.close(session, this.#closedFor);
    return session;
  }

  close(session: LegacySession, reason: SessionEndReason): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#giveBack.get(session)?.();
    this.#giveBack.delete(session);
    session.close();
    this.#onClosed?.(session);
    const { clock } = this.#platform;
    const { id: sessionId, caller, openedMs } = session;
    const durationSeconds = (clock.nowMs() - openedMs) / 1_000;
    this.#bus?.emit({ type: "session.closed", timeMs: clock.wallMs(), sessionId, reason, caller, durationSeconds });
  }

  /** Ends all sessions, and at once those that are opened later, by handshakes that were under way. */
  closeAll(reason: SessionEndReason): void {
    this.#closedFor = reason;
    this.#cancelSweep();
    // Deleting the current entry of a map while walking it is well defined.
    for (const session of this.#sessions.values()) this.close(session, reason);
  }

  #scheduleSweep(): () => void {
    return this.#platform.clock.schedule(SWEEP_MS, () => {
      const oldest = this.#platform.clock.nowMs() - IDLE_MS;
      for (const session of this.#sessions.values()) {
        if (session.lastSeenMs < oldest && !session.inUse) this.close(session, "expired");
        else session.answers.expire();
      }
      this.#cancelSweep = this.#scheduleSweep();
    });
  }
}
