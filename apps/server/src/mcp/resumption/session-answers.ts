import type { Clock } from "@mcp-hangar/core";
import type { AnswerRoom } from "./answer-room.ts";
import { KeptAnswer } from "./kept-answer.ts";

/** Answers of one session that are kept behind their end. */
const ENDED_MAX = 64;
/** Bytes of one session: an answer that alone has more can not be taken up again. */
const SESSION_BYTES_MAX = 16 * 1024 * 1024;
/** How long an answer is kept behind its end, in ms: longer than clients try to come back. */
const ENDED_MS = 5 * 60 * 1_000;

/** An id as it stands in `Last-Event-ID`: number of the answer, number of the event. */
const EVENT_ID = /^(\d{1,15})-(\d{1,15})$/;

/** What a client can take up again. */
export interface Resumption {
  readonly answer: KeptAnswer;
  /** The last event that the client has. */
  readonly after: number;
}

/** The answers of one session that are event streams. */
export class SessionAnswers {
  readonly #room: AnswerRoom;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #answers = new Map<number, KeptAnswer>();
  /** Those that have ended, oldest first, and when. */
  readonly #ended = new Map<KeptAnswer, number>();
  #bytes = 0;
  #count = 0;
  #closed = false;

  /** `owner` shares the room with the owners of other sessions. */
  constructor(room: AnswerRoom, clock: Clock, owner: string) {
    this.#room = room;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps an answer that becomes an event stream; `undefined` when none is to be kept. */
  begin(isPrimed: boolean): KeptAnswer | undefined {
    if (this.#room.bytesMax === 0) return undefined;
    const keeper = {
      count: (bytes: number) => this.#add(bytes),
      fits: (bytes: number) => !this.#closed && bytes <= Math.min(SESSION_BYTES_MAX, this.#room.bytesMax),
      ended: (answer: KeptAnswer) => this.#end(answer),
    };
    const answer = new KeptAnswer(++this.#count, keeper, isPrimed);
    this.#answers.set(answer.number, answer);
    return answer;
  }

  /** What the client can take up with the id of the last event that it has; `undefined` when it is not kept, or not any more. */
  find(lastEventId: string): Resumption | undefined {
    this.expire();
    const [, number, after] = EVENT_ID.exec(lastEventId) ?? [];
    const answer = number === undefined ? undefined : this.#answers.get(Number(number));
    return answer === undefined ? undefined : { answer, after: Number(after) };
  }

  /** Forgets answers that ended long ago. */
  expire(): void {
    const oldestMs = this.#clock.nowMs() - ENDED_MS;
    for (const [answer, endedMs] of this.#ended) {
      if (endedMs > oldestMs) return;
      this.#drop(answer);
    }
  }

  /** Makes room: the answer that ended first goes, or else what is kept of one that has not. False when nothing is kept. */
  makeRoom(): boolean {
    const [ended] = this.#ended.keys();
    if (ended !== undefined) {
      this.#drop(ended);
      return true;
    }
    for (const answer of this.#answers.values()) {
      if (answer.bytes === 0) continue;
      answer.forget();
      return true;
    }
    return false;
  }

  /** Forgets everything, and keeps nothing any more. */
  close(): void {
    this.#closed = true;
    for (const answer of this.#answers.values()) answer.forget();
    this.#answers.clear();
    this.#ended.clear();
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#room.add(this.#owner, this, bytes);
    if (bytes <= 0) return;
    while (this.#bytes > SESSION_BYTES_MAX) if (!this.makeRoom()) return;
  }

  #end(answer: KeptAnswer): void {
    // A session that was closed meanwhile has nobody to come back.
    if (!this.#answers.has(answer.number) || !answer.hasLast) return this.#drop(answer);
    this.#ended.set(answer, this.#clock.nowMs());
    if (this.#ended.size > ENDED_MAX) this.makeRoom();
  }

  #drop(answer: KeptAnswer): void {
    this.#ended.delete(answer);
    this.#answers.delete(answer.number);
    answer.forget();
  }
}
