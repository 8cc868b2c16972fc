import type { UpstreamRequest } from "../session.ts";

/** The background stream of a session, as something that can be refused. */
export const BACKGROUND_STREAM = "the background stream";

/** Refused subjects that are remembered: more than that, each refusal is looked into again. */
const REMEMBERED_MAX = 1_000;

/**
 * Decides what a refusal means that reads like "unknown session". Many servers refuse with the same status what they do not have: a
 * tool's record, or the background stream. A new session costs all callers the lists and the news of the old one, so that the server
 * is asked first whether it knows the session, and a subject that was refused in a new session as well opens no further one.
 */
export class SessionLoss {
  readonly #isUnknown: () => Promise<boolean>;
  readonly #refusedAnew = new Set<string>();
  #question: Promise<boolean> | undefined;

  /** `isUnknown` asks the server; it must not reject. */
  constructor(isUnknown: () => Promise<boolean>) {
    this.#isUnknown = isUnknown;
  }

  /** Resolves to whether the server has forgotten the session. There is one question at a time, for all who suspect it. */
  isConfirmed(subject: string): Promise<boolean> {
    if (this.#refusedAnew.has(subject)) return Promise.resolve(false);
    this.#question ??= this.#isUnknown().finally(() => {
      this.#question = undefined;
    });
    return this.#question;
  }

  /** The subject was refused in a session that was opened for its sake: the refusal is about the subject. */
  refusedAnew(subject: string): void {
    if (this.#refusedAnew.size < REMEMBERED_MAX) this.#refusedAnew.add(subject);
  }

  /** A request was answered, so that a later refusal of its like may be a loss again. */
  answered(request: UpstreamRequest): void {
    if (this.#refusedAnew.size > 0) this.#refusedAnew.delete(subjectOf(request));
  }
}

/** What is refused when this request is: a tool, or everything of a method. */
export function subjectOf({ method, params }: UpstreamRequest): string {
  return typeof params.name === "string" && method === "tools/call" ? `${method} ${params.name}` : method;
}
