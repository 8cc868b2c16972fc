import type { MessageDirection, MessageKind, MessageTotals } from "@mcp-hangar/telemetry";

/** Counts the JSON-RPC messages of one server over all its sessions: two property reads and an increment a message. */
export class MessageCounter {
  readonly #totals: Record<MessageDirection, Record<MessageKind, number>> = {
    sent: { request: 0, response: 0, notification: 0, error: 0 },
    received: { request: 0, response: 0, notification: 0, error: 0 },
  };

  count(direction: MessageDirection, kind: MessageKind): void {
    this.#totals[direction][kind]++;
  }

  totals(): MessageTotals {
    return { sent: { ...this.#totals.sent }, received: { ...this.#totals.received } };
  }
}
