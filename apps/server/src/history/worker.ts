import { parentPort, workerData } from "node:worker_threads";
import { HistoryDatabase } from "./database.ts";
import { RetentionTime } from "./retention-time.ts";
import type { WorkerAnswer, WorkerRequest, WorkerSetup } from "./worker-messages.ts";

/** Time between two looks at age and size, in ms. */
const PRUNE_EVERY_MS = 30_000;
/** Entries written between two looks, at most: a flood must not outgrow the limit for half a minute. */
const PRUNE_EVERY_ENTRIES = 20_000;

// The thread of the history: SQLite is synchronous, and a disk may be slow.

const port = parentPort;
if (port === null) throw new Error("this program runs as a thread of the gateway, not by itself");
// Whoever starts the thread hands over exactly this.
const setup = workerData as WorkerSetup;
const answer = (message: WorkerAnswer): void => port.postMessage(message);

try {
  const database = new HistoryDatabase(setup.file, setup);
  answer({ number: 0, kind: "done" });
  const retention = new RetentionTime(setup.max_age_s * 1_000);
  let prunedMs = Number.NEGATIVE_INFINITY;
  let written = 0;
  port.on("message", (request: WorkerRequest) => {
    try {
      answer({ number: request.number, kind: "done", ...perform(request) });
    } catch (error) {
      answer({ number: request.number, kind: "failed", message: messageOf(error) });
    }
    if (request.kind === "close") port.close();
  });

  const perform = (request: WorkerRequest): Pick<Extract<WorkerAnswer, { kind: "done" }>, "rows"> => {
    switch (request.kind) {
      case "write": {
        const { entries, nowMs, steadyMs } = request;
        database.write(entries);
        written += entries.length;
        const judgedMs = retention.at(nowMs, steadyMs);
        if (steadyMs - prunedMs >= PRUNE_EVERY_MS || written >= PRUNE_EVERY_ENTRIES) {
          database.prune(judgedMs);
          prunedMs = steadyMs;
          written = 0;
        }
        return {};
      }
      case "calls":
        return { rows: database.calls(request.query) };
      case "logs":
        return { rows: database.logs(request.query) };
      case "close":
        database.close();
        return {};
    }
  };
} catch (error) {
  answer({ number: 0, kind: "failed", message: messageOf(error) });
  port.close();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
