import { EndedFacts } from "./ended-facts.ts";
import type { RequestFinished } from "./events.ts";
import { factMessage } from "./fact-text.ts";
import type { RequestMethod } from "./vocabulary.ts";

/** What records say about another request than a tool call: flat, capped and without secrets. */
export function requestFacts(event: RequestFinished): RequestFacts {
  return new RequestFacts(event);
}

/** The one projection of `request.finished`, as `CallFacts` is that of `call.finished`. */
export class RequestFacts extends EndedFacts {
  readonly kind = "request";
  readonly requestId: string;
  readonly method: RequestMethod;
  readonly #subject: string | undefined;

  constructor(event: RequestFinished) {
    super(event);
    this.requestId = event.requestId;
    this.method = event.method;
    this.#subject = event.subject;
  }

  /** What it was about, as the caller typed it: a URI, the name of a prompt, a level. */
  get subject(): string | undefined {
    return factMessage(this.#subject);
  }
}
