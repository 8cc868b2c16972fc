import type { Caller } from "@mcp-hangar/telemetry";
import { type Exchange, UNCOUNTED_BYTES } from "../http/traffic.ts";
import { encodedBytes, encodeUnsolicited } from "./encode.ts";
import type { EventOutput } from "./event-output.ts";
import type { LegacySession } from "./legacy-session.ts";
import type { AnswerStream } from "./unanswered.ts";

/** A client of HTTP+SSE: the stream that it holds open, and the session that goes over it. */
export class SseClient {
  readonly output: EventOutput;
  /** Whose stream it is, with the roles they had when they were last heard of. */
  caller: Caller;
  /** Whether it has sent a message. */
  hasSpoken = false;
  readonly #exchange: Exchange;
  #session: LegacySession | undefined;

  /** `exchange` counts what waits for the client. */
  constructor(output: EventOutput, exchange: Exchange, caller: Caller) {
    this.output = output;
    this.caller = caller;
    this.#exchange = exchange;
  }

  /** The session; absent until the client has sent a request. */
  get session(): LegacySession | undefined {
    return this.#session;
  }

  /** From now on the stream is for this session, and ends with it; gives the one before. */
  adopt(session: LegacySession): LegacySession | undefined {
    const before = this.#session;
    this.#session = session;
    session.attach(
      (message) => this.output.message(encodeUnsolicited(message)),
      () => {
        if (this.#session === session) this.output.end();
      },
    );
    return before;
  }

  /** Where one request is answered, which came in the body that `posted` has counted. */
  answerStream(posted: Exchange): AnswerStream {
    let finished = false;
    return {
      acceptsEvents: true,
      keepUntil: (work) => posted.keepUntil(work),
      hasRoomFor: (message) => {
        const bytes = encodedBytes(message);
        return bytes < UNCOUNTED_BYTES || this.#exchange.hasRoomFor(bytes);
      },
      send: (message) => this.output.message(message),
      // The stream shows by itself that it is alive.
      showWork: () => undefined,
      finish: (_status, message) => {
        if (finished) return;
        finished = true;
        this.output.message(message);
      },
    };
  }
}
