import { z } from "zod";

/** Section `tasks` of the configuration: how many tasks are relayed at a time, and for how long. */
export const tasksOptions = z.strictObject({
  max: z
    .int()
    .min(0)
    .max(100_000)
    .default(1_000)
    .describe(
      "Tasks of all callers that are kept at a time, running or ended. With 0 no tasks are offered to clients.",
    ),
  max_per_server: z
    .int()
    .min(1)
    .max(100)
    .default(50)
    .describe(
      "Tasks that run at one server at a time. Each holds a request open there, which is a connection of a remote server.",
    ),
  max_per_caller: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe(
      "Tasks of one caller that are kept at a time; without authentication, of one address. For a new one, the oldest of theirs that has ended is forgotten.",
    ),
  max_ttl_s: z
    .number()
    .min(1)
    .max(1_209_600)
    .default(86_400)
    .describe(
      "Time from its start after which a task is forgotten, with its result. Servers may choose a shorter one; what still runs then is cancelled.",
    ),
});
export type TasksOptions = z.infer<typeof tasksOptions>;
