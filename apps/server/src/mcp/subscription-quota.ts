import { shareOf } from "@mcp-hangar/core";
import { ByteBudget } from "../http/byte-budget.ts";
import type { ClientRequest } from "./client-request.ts";

const MEBIBYTE = 1_024 * 1_024;
/** What a subscription takes beside its URI, in bytes, as the heap shows it. */
const OVERHEAD_BYTES = 1_024;
/** Bytes that a character of a URI takes: it stands, in two bytes at worst, with the client, the server and what is held. */
const BYTES_A_CHARACTER = 6;
const TOTAL_BYTES = 64 * MEBIBYTE;
/** Some ten thousand subscriptions to resources with usual names. */
const CALLER_BYTES = 16 * MEBIBYTE;
/** A session may have a thousand subscriptions; those to very long URIs are fewer. */
const SESSION_BYTES = 4 * MEBIBYTE;

/** Bounds what the subscriptions to resources take at all endpoints: in all, by caller and by session. */
export class SubscriptionQuota {
  readonly #ofCallers = new ByteBudget(() => ({ total: TOTAL_BYTES, perOwner: CALLER_BYTES }));
  readonly #ofSessions = new ByteBudget(() => ({ total: TOTAL_BYTES, perOwner: SESSION_BYTES }));

  /** Counts a subscription; the returned function gives its room back, once. `undefined` when there is none. */
  take({ caller, session }: Pick<ClientRequest, "caller" | "session">, uri: string): (() => void) | undefined {
    const bytes = OVERHEAD_BYTES + BYTES_A_CHARACTER * uri.length;
    const owner = shareOf(caller);
    const inSession = session?.id ?? owner;
    if (!this.#ofCallers.fits(owner, bytes) || !this.#ofSessions.fits(inSession, bytes)) return undefined;
    this.#ofCallers.take(owner, bytes);
    this.#ofSessions.take(inSession, bytes);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#ofCallers.take(owner, -bytes);
      this.#ofSessions.take(inSession, -bytes);
    };
  }
}
