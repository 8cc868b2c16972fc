import type { Caller, HangarEvent, HangarEventType } from "@mcp-hangar/telemetry";

/**
 * Stands in records for events that came faster than each is worth a record. It is made by those who keep records, and does not
 * travel on the bus: metrics count every single event.
 */
export interface EventsRepeated {
  readonly type: "events.repeated";
  readonly timeMs: number;
  readonly of: HangarEventType;
  /** Why they were refused, as the first of them says. */
  readonly reason: string;
  /** Whose they were; both are absent when they came from more sources than are told apart. */
  readonly caller: Caller | undefined;
  readonly remoteAddress: string | undefined;
  /** Events without a record of their own. */
  readonly count: number;
  readonly seconds: number;
}

/** What the log and the stream of events are told. */
export type RecordedEvent = HangarEvent | EventsRepeated;
