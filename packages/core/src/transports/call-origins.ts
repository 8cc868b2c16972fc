import type { JsonObject, JsonRpcRequest } from "../protocol/json-rpc.ts";
import { relatedTaskOf } from "../tasks/task-messages.ts";
import type { ServerRequestReply, SessionObserver, UpstreamRequest } from "./session.ts";

/** Methods that make no server ask back or log on behalf of a caller. */
const HOUSEKEEPING: ReadonlySet<string> = new Set([
  "initialize",
  "logging/setLevel",
  "ping",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "server/discover",
  "subscriptions/listen",
  "tasks/cancel",
  "tasks/get",
  "tools/list",
]);

/** How long a server may go on with a call after it was told that nobody waits any more, in ms, if nothing shows that it has heard. */
const GIVEN_UP_MS = 30_000;
/** How long a server may go on talking about a call that it has answered, or heard the end of, in ms: log lines are often written late. */
const ANSWERED_MS = 1_000;
/** Calls given up of which it is known whose they were; of more, all is unknown. */
const GIVEN_UP_MAX = 256;

/** When a call of a caller was last answered. */
interface Answered {
  readonly caller: string | undefined;
  readonly atMs: number;
}

/** A call that nobody waits for any more. */
interface GivenUp {
  readonly id: number;
  readonly caller: string | undefined;
  /** Requests with a larger id were sent after the server was told. */
  readonly lastId: number;
  /** From then on nothing that the server says stems from it. */
  silentAtMs: number;
}

/** Why it cannot be told whose call a message stems from, as a clause. */
export type Unclear = string;

/**
 * Tells from which call a message must stem that says nothing about its origin. A session is shared by callers who must not
 * hear of each other, so the answer is a call only when it cannot have been another caller's.
 */
export class CallOrigins {
  readonly #isSole: boolean;
  /** Oldest first. */
  #givenUp: GivenUp[] = [];
  /** Until then, messages may stem from a call of which nothing is known any more. */
  #unknownUntilMs = Number.NEGATIVE_INFINITY;
  /** The last call that was answered, and the last of any other caller. */
  #last: Answered = NEVER;
  #lastOfOthers: Answered = NEVER;

  /** `isSole` is for a session of one client or caller, where whatever is in flight is theirs. */
  constructor(isSole = false) {
    this.#isSole = isSole;
  }

  /** A request was answered. */
  answered(request: UpstreamRequest, nowMs: number): void {
    if (!isCall(request)) return;
    if (request.origin !== this.#last.caller) this.#lastOfOthers = this.#last;
    this.#last = { caller: request.origin, atMs: nowMs };
  }

  /** The caller of the request `id` has left, while the server may go on with it. `lastId` is the last id that was used. */
  givenUp(request: UpstreamRequest, { id, lastId }: { id: number; lastId: number }, nowMs: number): void {
    if (this.#isSole || !isCall(request)) return;
    this.#givenUp = this.#givenUp.filter(({ silentAtMs }) => silentAtMs > nowMs);
    const silentAtMs = nowMs + GIVEN_UP_MS;
    if (this.#givenUp.length >= GIVEN_UP_MAX) this.#unknownUntilMs = silentAtMs;
    else this.#givenUp.push({ id, caller: request.origin, lastId, silentAtMs });
  }

  /**
   * The server has answered the request `id`, whether or not anybody waits for it. It has read what was sent before, and knows of
   * the calls that had been given up by then; a late answer ends the call for good.
   */
  heard(id: number, nowMs: number): void {
    for (const call of this.#givenUp) {
      if (call.id === id || call.lastId < id) call.silentAtMs = Math.min(call.silentAtMs, nowMs + ANSWERED_MS);
    }
  }

  /** Whether the server has yet to show that it knows which calls were given up. */
  doubts(nowMs: number): boolean {
    return this.#givenUp.some(({ silentAtMs }) => silentAtMs > nowMs + ANSWERED_MS);
  }

  /** Whether what comes now may stem from a call that was given up; with a caller, from one of anybody else. */
  mayBeOfOneGivenUp(nowMs: number, besides?: string): boolean {
    if (nowMs < this.#unknownUntilMs) return true;
    return this.#givenUp.some(
      ({ caller, silentAtMs }) => nowMs < silentAtMs && (caller === undefined || caller !== besides),
    );
  }

  /**
   * The only call in flight, or the latest of them when all are of one caller who is known; a task says of itself what belongs to it, so
   * that calls come before it. When there is none, or when it cannot be told, the reason.
   */
  callOf(inFlight: Iterable<UpstreamRequest>, nowMs: number): UpstreamRequest | Unclear {
    let call: UpstreamRequest | undefined;
    for (const request of inFlight) {
      if (!isCall(request)) continue;
      // Callers who need not say who they are may be many.
      if (call !== undefined && !this.#isSole && (call.origin === undefined || call.origin !== request.origin))
        return SEVERAL;
      if (call === undefined || request.task === undefined) call = request;
    }
    if (call === undefined) return NOBODY;
    if (this.#isSole) return call;
    if (this.mayBeOfOneGivenUp(nowMs, call.origin)) return GONE;
    const others = call.origin === this.#last.caller ? this.#lastOfOthers : this.#last;
    return nowMs - others.atMs < ANSWERED_MS ? JUST_ANSWERED : call;
  }
}

const NOBODY: Unclear = "no call is in flight";
const SEVERAL: Unclear = "calls of several clients are in flight on the one session that they share";
const GONE: Unclear = "a call of another client was given up a moment ago and may be what it stems from";
const JUST_ANSWERED: Unclear = "a call of another client was answered a moment ago and may be what it stems from";
/**
 * Has a request of a server answered by the client of the call it stems from, or by the owner of the session. In a session of one client
 * or caller (`isSole`) the owner decides: the server may ask on its own account, too, and the call may end before the answer.
 */
export function answerOf(
  request: JsonRpcRequest,
  origin: UpstreamRequest | Unclear,
  observer: Pick<SessionObserver, "onServerRequest">,
  isSole = false,
): Promise<ServerRequestReply> {
  if (typeof origin === "string") return observer.onServerRequest(request, origin);
  // What belongs to a task is for its owner, and may wait for them.
  const isOfTask = origin.task !== undefined && origin.task === relatedTaskOf(request.params);
  if (isSole && !isOfTask) return observer.onServerRequest(request, NOT_ASKABLE, origin);
  return origin.onServerRequest?.(request) ?? observer.onServerRequest(request, NOT_ASKABLE);
}

const NOT_ASKABLE: Unclear = "the client behind the call cannot be asked";
const NEVER: Answered = { caller: undefined, atMs: Number.NEGATIVE_INFINITY };

/** The request in flight that waits for the task to which the params of a message belong; `undefined` where there is none. */
export function requestOfTask(
  inFlight: () => Iterable<UpstreamRequest>,
  params: JsonObject,
): UpstreamRequest | undefined {
  const id = relatedTaskOf(params);
  if (id === undefined) return undefined;
  for (const request of inFlight()) if (request.task === id) return request;
  return undefined;
}

/** Whether a server may ask back or log on behalf of a caller while it works on this request. */
export function isCall({ method }: UpstreamRequest): boolean {
  return !HOUSEKEEPING.has(method);
}
