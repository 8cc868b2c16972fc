import type { Attempt, MessageDirection, MessageKind, MessageTotals } from "@mcp-hangar/telemetry";

/** Counts the JSON-RPC messages of one server over all its sessions, and their bytes: a few additions a message. */
export class MessageCounter {
  readonly #totals: Record<MessageDirection, Record<MessageKind, number>> = {
    sent: { request: 0, response: 0, notification: 0, error: 0 },
    received: { request: 0, response: 0, notification: 0, error: 0 },
  };

  readonly #bytes: Record<MessageDirection, number> = { sent: 0, received: 0 };

  /** Counts what an attempt has sent and got. To be called once, at its end. */
  countBytes({ requestBytes, responseBytes }: Pick<Attempt, "requestBytes" | "responseBytes">): void {
    this.#bytes.sent += requestBytes ?? 0;
    this.#bytes.received += responseBytes ?? 0;
  }

  bytes(): Readonly<Record<MessageDirection, number>> {
    return { ...this.#bytes };
  }

  count(direction: MessageDirection, kind: MessageKind): void {
    this.#totals[direction][kind]++;
  }

  totals(): MessageTotals {
    return { sent: { ...this.#totals.sent }, received: { ...this.#totals.received } };
  }
}
