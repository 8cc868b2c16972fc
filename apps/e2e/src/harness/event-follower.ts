/** One event as a client of the stream sees it. */
export interface StreamedEvent {
  readonly type: string;
  readonly event_id?: string;
  readonly [field: string]: unknown;
}

/** A client that follows the events of a gateway. Disposing leaves. */
export interface EventFollower extends AsyncDisposable {
  readonly events: readonly StreamedEvent[];
  /** Everything that came, as text. */
  heard(): string;
}

/** Follows all events of a gateway, those since its start first. Throws when it may not. */
export async function followFromStart(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventFollower> {
  const leaving = new AbortController();
  // An id of another run: the gateway tells all that it has kept.
  const all = { ...headers, "last-event-id": "another-1" };
  const response = await fetch(`${url}/api/events`, { headers: all, signal: leaving.signal });
  if (response.status !== 200) throw new Error(`no events: ${response.status} ${await response.text()}`);
  const events: StreamedEvent[] = [];
  let heard = "";
  const reading = (async () => {
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      heard += chunk;
      const parts = (text + chunk).split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const data = /^data: (\{"type"[^\r\n]*)/m.exec(part)?.[1];
        // The gateway writes one JSON object a frame.
        if (data !== undefined) events.push(JSON.parse(data) as StreamedEvent);
      }
    }
  })().catch(() => {});
  return {
    events,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await reading;
    },
  };
}
