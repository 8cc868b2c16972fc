import type { HangarEvent } from "./events.ts";

/** The id that an event has of itself: that of the call, request, task, operation or batch that it is the end of. */
export function ownEventId(event: HangarEvent): string | undefined {
  switch (event.type) {
    case "call.finished":
      return event.callId;
    case "request.finished":
      return event.requestId;
    case "task.finished":
      return event.taskId;
    case "operation.finished":
      return event.operationId;
    case "batch.finished":
      return event.batchId;
    default:
      return undefined;
  }
}

/**
 * Ids of events that are the same in every export: the same event object has the same id, whoever asks. Events that have none of their
 * own are numbered when somebody asks for the first time, so that nothing is done for an event that nobody exports.
 */
export class EventIds {
  readonly #run: string;
  /** Holds no event: an id is gone with its event. */
  readonly #given = new WeakMap<HangarEvent, string>();
  #last = 0;

  /** `run` names this run of the gateway, and is unlike that of any other. */
  constructor(run: string) {
    this.#run = run;
  }

  of(event: HangarEvent): string {
    const own = ownEventId(event);
    if (own !== undefined) return own;
    let id = this.#given.get(event);
    if (id === undefined) {
      this.#last += 1;
      id = `${this.#run}-e${this.#last}`;
      this.#given.set(event, id);
    }
    return id;
  }
}
