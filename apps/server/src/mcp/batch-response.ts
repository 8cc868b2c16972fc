import { type Encoded, encodedText } from "./encode.ts";
import type { ResponseStream } from "./response-stream.ts";
import type { AnswerStream } from "./unanswered.ts";

/** The response to a batch of requests, as revision 2025-03-26 has it: it ends with the last of their answers. */
export class BatchResponse {
  readonly #stream: ResponseStream;
  readonly #answers: string[] = [];
  #left: number;

  /** `requests` is how many answers there will be. */
  constructor(stream: ResponseStream, requests: number) {
    this.#stream = stream;
    this.#left = requests;
    stream.showWork();
  }

  /** Where one of the requests is answered. */
  part(): AnswerStream {
    const stream = this.#stream;
    let answered = false;
    return {
      acceptsEvents: stream.acceptsEvents,
      keepUntil: (work) => stream.keepUntil(work),
      hasRoomFor: (message) => stream.hasRoomFor(message),
      send: (message) => stream.send(message),
      showWork: () => undefined,
      finish: (_status, message) => {
        if (answered) return;
        answered = true;
        this.#finish(message);
      },
    };
  }

  /** Answers wait for each other in one array, unless the response has become a stream of events. */
  #finish(message: Encoded): void {
    this.#left -= 1;
    this.#answers.push(encodedText(message));
    if (this.#left === 0) this.#stream.finish(200, `[${this.#answers.join(",")}]`);
  }
}
