import { type Answer, HttpReceiver, linesOf, type Received } from "./http-receiver.ts";

export const TOKEN = "4b1b0d2e-0000-4000-8000-splunktoken1";
export const CHANNEL = "0f5a2c1e-9d1b-4f3e-8a77-2f0c6f4a1d10";

/** An HTTP Event Collector with indexer acknowledgement, as far as its documentation says what it does. */
export class SplunkReceiver {
  readonly http: HttpReceiver;
  /** Events that are indexed. */
  readonly indexed: string[] = [];
  /** How often it is asked for a batch before that is indexed. */
  questions = 1;
  acknowledges = true;
  readonly #taken = new Map<number, { events: readonly string[]; questionsLeft: number }>();
  #lastAck = 0;

  private constructor(http: HttpReceiver) {
    this.http = http;
  }

  static async start(port = 0): Promise<SplunkReceiver> {
    const parts: { receiver?: SplunkReceiver } = {};
    const http = await HttpReceiver.start((request) => parts.receiver?.answer(request) ?? { status: 500 }, { port });
    parts.receiver = new SplunkReceiver(http);
    return parts.receiver;
  }

  /** Forgets what was not indexed, as after a crash. */
  crash(): void {
    this.#taken.clear();
  }

  answer({ method, path, headers, text }: Received): Answer {
    if (method !== "POST") return { status: 405 };
    if (headers.authorization !== `Splunk ${TOKEN}`) return say(403, "Invalid token", 4);
    if (headers["x-splunk-request-channel"] !== CHANNEL) return say(400, "Data channel is missing", 10);
    switch (path) {
      case "/services/collector/event":
        return this.#take(linesOf(text));
      case "/services/collector/ack":
        return this.#acknowledge(text);
      default:
        return say(404, "not found", 404);
    }
  }

  #take(events: readonly string[]): Answer {
    for (const [place, event] of events.entries()) {
      if (event.includes("poison")) return say(400, "Invalid data format", 6, { "invalid-event-number": place });
    }
    if (!this.acknowledges) {
      this.indexed.push(...events);
      return say(200, "Success", 0);
    }
    this.#lastAck += 1;
    this.#taken.set(this.#lastAck, { events, questionsLeft: this.questions });
    return say(200, "Success", 0, { ackId: this.#lastAck });
  }

  #acknowledge(text: string): Answer {
    // The test's own sink has written it.
    const { acks } = JSON.parse(text) as { readonly acks: readonly number[] };
    const answers = acks.map((id) => {
      const taken = this.#taken.get(id);
      if (taken === undefined) return [id, false];
      taken.questionsLeft -= 1;
      if (taken.questionsLeft > 0) return [id, false];
      this.indexed.push(...taken.events);
      this.#taken.delete(id);
      return [id, true];
    });
    return { status: 200, body: JSON.stringify({ acks: Object.fromEntries(answers) }) };
  }
}

function say(status: number, text: string, code: number, more: Readonly<Record<string, number>> = {}): Answer {
  return { status, body: JSON.stringify({ text, code, ...more }) };
}
