import type { CallFinished, OperationFinished, RequestFinished } from "./events.ts";
import type { Caller, Client } from "./participants.ts";

/** What is about to be done: written down before anything of it leaves the gateway. */
export interface Intent {
  /** The id by which the event tells that it was done. */
  readonly id: string;
  readonly kind: "call" | "request" | "operation";
  /** Method of MCP, or the name of the operation. */
  readonly method: string;
  /** The server, as the caller named it; `undefined` when it is about none. */
  readonly server: string | undefined;
  /** The tool, URI, prompt or target. */
  readonly subject: string | undefined;
  readonly caller: Caller;
  readonly client: Client;
}

/** Why nothing may be done now: it could not be written down. */
export interface JournalRefusal {
  readonly message: string;
  /** When it makes sense to try again, in ms; `undefined` when that is not known. */
  readonly retryAfterMs: number | undefined;
}

/** What a journal answers with: at once where it can, because every call waits for it. */
export type Written = undefined | JournalRefusal | Promise<JournalRefusal | undefined>;

/** The end of something that was begun, or refused before. */
export type Ended = CallFinished | RequestFinished | OperationFinished;

/**
 * The port for audit trails that must not have a hole. Unlike a listener of the bus it is asked before, and can refuse. Neither
 * method throws or rejects, and both settle in a time that the journal bounds itself: nobody else knows how long a disk may take.
 */
export interface Journal {
  /**
   * Asked once for each thing to be done, when it has been admitted and before anything is sent to a server. The deadline of a call
   * runs meanwhile; one that passes is told by `end` as everything else.
   */
  begin(intent: Intent): Written;
  /**
   * Told of every end before the answer leaves, also of what was refused before it began. The answer waits for it, and is withheld when
   * the end could not be written down: somebody is told that it is unknown then, instead of what nobody could prove later.
   */
  end(ended: Ended): Written;
}
