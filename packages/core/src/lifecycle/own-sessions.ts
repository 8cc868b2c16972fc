import type { OwnSessionsSnapshot, RegisteredName } from "@mcp-hangar/telemetry";
import { shareOf } from "../call-limit.ts";
import { type Failure, failure } from "../errors.ts";
import type { ServerOptions } from "../options.ts";
import type { JsonRpcNotification } from "../protocol/json-rpc.ts";
import { ConcurrencyLimit } from "../resilience/concurrency-limit.ts";
import type { Deadline } from "../resilience/deadline.ts";
import type { UpstreamSession } from "../transports/session.ts";
import { OwnSession, type OwnSessionContext } from "./own-session.ts";
import type { ResourceSubscriptions } from "./resource-subscriptions.ts";
import { type Audience, type ClientLine, ownerOf, type Party } from "./session-party.ts";

/** Starts of sessions of one server that run at a time. */
const STARTS_AT_ONCE = 4;
/** Of them, those of one caller while there are others. */
const STARTS_OF_ONE = 2;

/** Of so many sessions one is left to others by each caller, whose subscriptions would keep all of them for ever. */
const ROOM_FOR_OTHERS = 5;

/** What the sessions need of their server. */
export interface OwnSessionsContext extends Pick<OwnSessionContext, "transport" | "platform" | "onLog" | "onMessage"> {
  readonly id: RegisteredName;
  readonly options: OwnSessionContext["options"] & Pick<ServerOptions, "sessions" | "max_sessions" | "idle_ttl_s">;
  /** What the server says outside of calls, and to whom. */
  readonly onNotification: (notification: JsonRpcNotification, audience: Audience) => void;
}

/** The use of a session by one request. */
export interface Lease {
  readonly session: UpstreamSession;
  /** Whether it was opened for the request. */
  readonly isNew: boolean;
  /** To be called once, when the request has ended. */
  readonly release: () => void;
  /** The request was not answered in time. */
  readonly doubt: () => void;
  /** Keeps the session up beyond the request, until the returned function is called. */
  readonly hold: () => () => void;
  /** Whether the session is still there. */
  readonly isLive: () => boolean;
}

/**
 * The sessions of a server of which each caller or client has its own. There are `max_sessions` at most: for somebody new, the one that
 * was idle for longest has to go, of whoever has most, and one caller leaves room for others. What is idle for `idle_ttl_s` ends, and what is only for one client ends with it.
 */
export class OwnSessions {
  readonly #context: OwnSessionsContext;
  readonly #starts: ConcurrencyLimit;
  readonly #sessions = new Map<string, OwnSession>();
  /** Those that are closing. */
  readonly #ending = new Set<Promise<void>>();
  #requests = 0;
  #refused = 0;
  #retired = false;

  constructor(context: OwnSessionsContext) {
    this.#context = context;
    const { max_sessions: max } = context.options;
    this.#starts = new ConcurrencyLimit({
      slots: STARTS_AT_ONCE,
      slotsOfOne: STARTS_OF_ONE,
      waiting: max,
      waitingOfOne: max,
    });
  }

  /** Sessions that are there, or about to be. */
  get size(): number {
    return this.#sessions.size;
  }

  snapshot(): OwnSessionsSnapshot {
    const idle = [...this.#sessions.values()].filter((own) => own.isUnused).length;
    return {
      open: { in_use: this.size - idle, idle },
      max: this.#context.options.max_sessions,
      refused: this.#refused,
    };
  }

  /** Open HTTP connections of all of them. */
  connections(): number {
    return [...this.#sessions.values()].reduce((sum, { session }) => sum + (session?.connections() ?? 0), 0);
  }

  /** The session of whoever is behind a request with that deadline, opened if need be. */
  async acquire(party: Party, deadline: Deadline): Promise<Lease | Failure> {
    const own = this.#of(party);
    if ("code" in own) return own;
    own.users++;
    own.deadlines.add(deadline);
    own.line = party.line ?? own.line;
    const isNew = own.session === undefined;
    const session = await own.ready(deadline.signal);
    if ("code" in session) {
      this.#release(own, deadline);
      return session;
    }
    return {
      session,
      isNew,
      release: () => this.#release(own, deadline),
      doubt: () => void own.doubt(),
      hold: () => this.#hold(own),
      isLive: () => own.session === session,
    };
  }

  /** Where the subscriptions of a party are kept: with its session. */
  subscriptionsOf(party: Party): ResourceSubscriptions | Failure {
    const { id, options } = this.#context;
    if (ownerOf(options.sessions, party) === undefined) {
      return failure("invalid_request", `server "${id}" keeps subscriptions for those only who can be told apart`);
    }
    const own = this.#of(party);
    return "code" in own ? own : own.subscriptions;
  }

  /** A client wants log messages of another level from now on, which it says itself when it is asked. */
  async tellLevel(party: Party, level: string): Promise<void> {
    const owner = ownerOf(this.#context.options.sessions, party);
    if (owner !== undefined) await this.#sessions.get(owner)?.tellLevel(level);
  }

  /** Hands on what a client says of itself to the server, in the sessions that it used last. */
  notify(line: ClientLine, notification: JsonRpcNotification): void {
    for (const own of this.#sessions.values()) if (own.line === line) own.session?.notify(notification);
  }

  /** A client has gone: nobody can be asked there any more, and what was for it alone ends with its last request. */
  left(line: ClientLine): void {
    for (const own of this.#sessions.values()) {
      if (own.line === line) own.line = undefined;
      if (own.owner !== `client ${line.id}`) continue;
      own.passing = true;
      if (own.isUnwanted) this.#end(own);
    }
  }

  /** Ends what nobody has used for its time to live. */
  sweep(nowMs: number): void {
    const ttlMs = this.#context.options.idle_ttl_s * 1_000;
    for (const own of this.#sessions.values()) {
      if (own.isUnused && nowMs - own.lastUsedMs >= ttlMs) this.#end(own);
    }
  }

  /** Ends all, and resolves when they are gone. The next request opens another. */
  async stop(): Promise<void> {
    for (const own of this.#sessions.values()) this.#end(own);
    await Promise.all(this.#ending);
  }

  /** The same for good. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.stop();
  }

  #of(party: Party): OwnSession | Failure {
    const { id, options } = this.#context;
    if (this.#retired) return failure("start_failed", `server "${id}" was removed or the gateway is shutting down`);
    const owner = ownerOf(options.sessions, party);
    const known = owner === undefined ? undefined : this.#sessions.get(owner);
    if (known !== undefined) return known;
    const { max_sessions: max } = options;
    const share = shareOf(party.caller);
    const ofOne = max - Math.floor(max / ROOM_FOR_OTHERS);
    const ownOnes = [...this.#sessions.values()].filter((own) => own.share === share);
    const isGreedy = ownOnes.length >= ofOne;
    if (isGreedy || this.#sessions.size >= max) {
      const idle = this.#idlest(isGreedy ? ownOnes : [...this.#sessions.values()]);
      if (idle === undefined) {
        this.#refused += 1;
        const which =
          isGreedy && ofOne < max ? `${ofOne} of ${max} sessions that one caller may have` : `${max} sessions`;
        const what = `all ${which} with server "${id}" (max_sessions) are in use`;
        return failure("overloaded", `${what}; try again later`);
      }
      this.#context.onLog(`a session was ended before its time, to make room for another (max_sessions)`);
      this.#end(idle);
    }
    const key = owner ?? `request ${++this.#requests}`;
    const own: OwnSession = new OwnSession(owner, share, {
      ...this.#context,
      starts: this.#starts,
      onNotification: (notification) => this.#context.onNotification(notification, this.#audienceOf(key)),
      onEnded: () => {
        if (own.isUnused) this.#end(own);
      },
    });
    own.passing = owner === undefined;
    this.#sessions.set(key, own);
    return own;
  }

  #audienceOf(key: string): Audience {
    return (party) => ownerOf(this.#context.options.sessions, party) === key;
  }

  #hold(own: OwnSession): () => void {
    own.users++;
    let isHeld = true;
    return () => {
      if (isHeld) this.#release(own);
      isHeld = false;
    };
  }

  #release(own: OwnSession, deadline?: Deadline): void {
    own.users--;
    if (deadline !== undefined) own.deadlines.delete(deadline);
    own.lastUsedMs = this.#context.platform.clock.nowMs();
    if (own.passing ? own.isUnwanted : own.isUnused && own.session === undefined) this.#end(own);
  }

  /** Of whoever has most sessions, the one of those that was idle for longest. */
  #idlest(sessions: readonly OwnSession[]): OwnSession | undefined {
    const counts = new Map<string, number>();
    for (const { share } of this.#sessions.values()) counts.set(share, (counts.get(share) ?? 0) + 1);
    const countOf = ({ share }: OwnSession): number => counts.get(share) ?? 0;
    const [first] = sessions
      .filter((own) => own.isUnused)
      .sort((one, other) => countOf(other) - countOf(one) || one.lastUsedMs - other.lastUsedMs);
    return first;
  }

  #end(own: OwnSession): void {
    for (const [key, each] of this.#sessions) if (each === own) this.#sessions.delete(key);
    const ending = own.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
