import { type JsonRpcId, Slots } from "@mcp-hangar/core";
import { type Answer, NO_ROOM_FOR_ANSWER, SHUTTING_DOWN } from "./answer.ts";
import { encodeAnswer } from "./encode.ts";
import type { ResponseStream } from "./response-stream.ts";

export type Headers = Readonly<Record<string, string>>;

/** A request over HTTP that is being worked on. */
export interface UnansweredRequest {
  readonly stream: ResponseStream;
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
export function finish(
  stream: ResponseStream,
  id: JsonRpcId,
  answer: Answer,
  modern: boolean,
  headers?: Headers,
): void {
  const encoded = encodeAnswer(id, answer);
  if (!stream.hasRoomFor(encoded)) return stream.finish(200, encodeAnswer(id, NO_ROOM_FOR_ANSWER), headers);
  const status = modern && answer.kind === "error" ? answer.httpStatus : 200;
  stream.finish(status, encoded, headers);
}
