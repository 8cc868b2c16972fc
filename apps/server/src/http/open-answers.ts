import type { ServerResponse } from "node:http";
import { Slots } from "@mcp-hangar/core";
import { type Refusal, SHUTTING_DOWN } from "./answer.ts";

/** An answer that is outstanding. */
export interface OpenAnswer {
  readonly response: ServerResponse;
  /** Refuses the request, and has that recorded, while its body has not come; absent before and after. */
  refuseUnread?: ((refusal: Refusal) => void) | undefined;
}

/** The answers that a door owes: how many they are, and that each is given when the gateway ends. */
export class OpenAnswers {
  readonly #open = new Slots<OpenAnswer>();
  readonly #refuse: (response: ServerResponse, refusal: Refusal) => void;
  #closing = false;

  /** `refuse` answers a request that nobody works on yet; it is not called for answers that have begun. */
  constructor(refuse: (response: ServerResponse, refusal: Refusal) => void) {
    this.#refuse = refuse;
  }

  /** Counts an answer until its response is closed. */
  add(response: ServerResponse): OpenAnswer {
    if (this.#closing) response.shouldKeepAlive = false;
    const answer: OpenAnswer = { response };
    const slot = this.#open.add(answer);
    response.once("close", () => this.#open.remove(slot));
    return answer;
  }

  /** Those that have not begun. Streams that have begun are not counted: some never end by themselves. */
  unanswered(): number {
    return this.#unbegun().length;
  }

  /** From now on connections end with the answer that they wait for. */
  closeAfterAnswers(): void {
    this.#closing = true;
    for (const { response } of this.#unbegun()) response.shouldKeepAlive = false;
  }

  /** Answers what is still unanswered with the end of the gateway. */
  interrupt(): void {
    for (const answer of this.#unbegun()) {
      const { response, refuseUnread } = answer;
      answer.refuseUnread = undefined;
      if (refuseUnread === undefined) this.#refuse(response, SHUTTING_DOWN);
      else refuseUnread(SHUTTING_DOWN);
    }
  }

  #unbegun(): readonly OpenAnswer[] {
    return this.#open.all().filter(({ response }) => !response.headersSent);
  }
}
