import { EndedFacts } from "./ended-facts.ts";
import type { TaskFinished } from "./events.ts";
import { factName } from "./fact-text.ts";

/** What records say about the end of a task: flat, capped and without secrets. */
export function taskFacts(event: TaskFinished): TaskFacts {
  return new TaskFacts(event);
}

/** The one projection of `task.finished`, as `CallFacts` is that of `call.finished`. */
export class TaskFacts extends EndedFacts {
  readonly kind = "task";
  readonly taskId: string;
  /** The call that has begun it. */
  readonly callId: string;
  readonly group: string | undefined;
  readonly #tool: string;

  constructor(event: TaskFinished) {
    super({ ...event, attempts: [] });
    this.taskId = event.taskId;
    this.callId = event.callId;
    this.group = event.group;
    this.#tool = event.tool;
  }

  get tool(): string {
    return factName(this.#tool);
  }
}
