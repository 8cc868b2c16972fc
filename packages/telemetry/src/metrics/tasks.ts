import { CALL_STATUSES } from "../vocabulary.ts";
import { TASK_SECONDS } from "./buckets.ts";
import { counter, gauge, histogram, nameOf, oneOf } from "./define.ts";

/** Few servers make tasks: a server has series for the outcomes that it has seen. */
const perTask = { mcp_server: nameOf("mcp_server"), status: oneOf(CALL_STATUSES) } as const;

export const tasks = counter({
  name: "mcp_hangar_tasks_total",
  help: "Ended tasks by outcome; the tool calls that began them are counted as calls.",
  labels: perTask,
  foreseenOf: [],
  on: {
    "task.finished": ({ server, outcome }) => ({ labels: { mcp_server: server, status: outcome.status }, value: 1 }),
  },
});

export const taskDuration = histogram({
  name: "mcp_hangar_task_duration_seconds",
  help: "Time from the answer to the call that began a task to the end of the task.",
  labels: perTask,
  foreseenOf: [],
  buckets: TASK_SECONDS,
  on: {
    "task.finished": ({ server, outcome, durationSeconds }) => ({
      labels: { mcp_server: server, status: outcome.status },
      value: durationSeconds,
    }),
  },
});

export const tasksKept = gauge({
  name: "mcp_hangar_tasks_kept",
  help: "Tasks that run, or have ended and are kept for their callers; there may be `tasks.max`.",
  labels: {},
  read: (snapshot) => [{ labels: {}, value: snapshot.tasks ?? 0 }],
});
