import type { ServerResponse } from "node:http";
import { Slots } from "@mcp-hangar/core";
import { type Refusal, SHUTTING_DOWN } from "./answer.ts";

/** An answer that is outstanding. */
export interface OpenAnswer<Unread> {
  readonly response: ServerResponse;
  /**
   * What is known of a request whose body has not come; absent before and after. Data, not a closure: with a closure here V8 kept the request
   * and its response until it collected the old generation of the heap, which cost a call 5 to 10 % of its CPU.
   */
  unread?: Unread | undefined;
}

/** The answers that a door owes: how many they are, and that each is given when the gateway ends. */
export class OpenAnswers<Unread> {
  readonly #open = new Slots<OpenAnswer<Unread>>();
  readonly #refuse: (response: ServerResponse, refusal: Refusal, unread: Unread | undefined) => void;
  #closing = false;

  /**
   * `refuse` answers a request that nobody works on yet, and has it recorded if it is known what it was, which is when its body has not
   * come; it is not called for answers that have begun.
   */
  constructor(refuse: (response: ServerResponse, refusal: Refusal, unread: Unread | undefined) => void) {
    this.#refuse = refuse;
  }

  /** Counts an answer until its response is closed. */
  add(response: ServerResponse): OpenAnswer<Unread> {
    if (this.#closing) response.shouldKeepAlive = false;
    const answer: OpenAnswer<Unread> = { response, unread: undefined };
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
      const { response, unread } = answer;
      answer.unread = undefined;
      this.#refuse(response, SHUTTING_DOWN, unread);
    }
  }

  #unbegun(): readonly OpenAnswer<Unread>[] {
    return this.#open.all().filter(({ response }) => !response.headersSent);
  }
}
