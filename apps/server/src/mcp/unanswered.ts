import { type JsonRpcId, Slots } from "@mcp-hangar/core";
import { type Answer, NO_ROOM_FOR_ANSWER, SHUTTING_DOWN } from "./answer.ts";
import { type Encoded, encodeAnswer } from "./encode.ts";

export type Headers = Readonly<Record<string, string>>;

/** Where a request over HTTP is answered: a response of its own, or a part of one. */
export interface AnswerStream {
  readonly acceptsEvents: boolean;
  /** Keeps what the request holds on its caller's account until the work on it ends. */
  keepUntil(work: Promise<unknown>): void;
  /** Whether an answer may be written. */
  hasRoomFor(message: Encoded): boolean;
  /** Sends a message before the answer. */
  send(message: Encoded): void;
  /** Shows the client, after some seconds without an answer, that its request is being worked on. */
  showWork(): void;
  finish(status: number, message: Encoded, headers?: Headers): void;
}

/** A request over HTTP that is being worked on. */
export interface UnansweredRequest {
  readonly stream: AnswerStream;
  readonly id: JsonRpcId;
  readonly modern: boolean;
  /** A subscription, whose answer is that the endpoint closes. */
  readonly endsWithEndpoint?: boolean;
  /** Called when the work is done; gives headers of the answer. */
  readonly settled?: () => Headers | undefined;
}

/** The requests of an endpoint that wait for their answer. Each gets one, also when the gateway ends before it is worked off. */
export class Unanswered {
  readonly #requests = new Slots<UnansweredRequest>();
  #interrupted = false;

  /** Whether the gateway ends, so that nothing is to be begun any more. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** Answers a request once it is worked off. */
  answer(request: UnansweredRequest, work: Promise<Answer>): void {
    const slot = this.#requests.add(request);
    request.stream.keepUntil(work);
    void work.then((answer) => {
      this.#requests.remove(slot);
      const { stream, id, modern, settled } = request;
      finish(stream, id, answer, modern, settled?.());
    });
  }

  /** Answers all that still runs, and whatever comes later, with the end of the gateway. */
  interrupt(): void {
    this.#interrupted = true;
    for (const { stream, id, modern, endsWithEndpoint } of this.#requests.all()) {
      if (endsWithEndpoint !== true) finish(stream, id, SHUTTING_DOWN, modern);
    }
  }
}

/** Writes an answer, or that there is no room for it. A stream that was finished before stays as it is. */
export function finish(stream: AnswerStream, id: JsonRpcId, answer: Answer, modern: boolean, headers?: Headers): void {
  const encoded = encodeAnswer(id, answer);
  if (!stream.hasRoomFor(encoded)) return stream.finish(200, encodeAnswer(id, NO_ROOM_FOR_ANSWER), headers);
  const status = modern && answer.kind === "error" ? answer.httpStatus : 200;
  stream.finish(status, encoded, headers);
}
