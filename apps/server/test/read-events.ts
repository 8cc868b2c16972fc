/** One event as it came. */
export interface ReadEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly retry: string | undefined;
  readonly data: string;
}

/** An event stream that is read in the background. */
export interface EventReader {
  readonly response: Response;
  readonly events: ReadEvent[];
  /** Resolves when the stream has ended, in whatever way. */
  readonly ended: Promise<void>;
  /** Cuts the connection. */
  leave(): void;
}

/** Asks for an event stream and reads it. */
export async function readEvents(url: string, init: RequestInit = {}): Promise<EventReader> {
  const left = new AbortController();
  const response = await fetch(url, { ...init, signal: left.signal });
  const events: ReadEvent[] = [];
  const read = async (): Promise<void> => {
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const parts = (text + chunk).split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) if (!part.startsWith(":")) events.push(eventOf(part));
    }
  };
  const ended = read().catch(() => undefined);
  return { response, events, ended, leave: () => left.abort() };
}

function eventOf(text: string): ReadEvent {
  const field = (name: string): string | undefined =>
    text
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  return { type: field("event") ?? "message", id: field("id"), retry: field("retry"), data: field("data") ?? "" };
}
