import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { setImmediate as turn } from "node:timers/promises";
import { AuditJournal, parseLine } from "@mcp-hangar/compliance";
import { LIBRARY_CLIENT, registeredName } from "@mcp-hangar/telemetry";
import { callEvent, callRecord, optionsFor } from "./support.ts";

// Writes calls to the journal of a folder until it is killed, and says what is on the disk. Beside it a sink reads it, and says what it
// has received. Usage: node journal-writer.ts FOLDER ROUND

const [folder = "", round = ""] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const IN_FLIGHT_MAX = 64;
const CALLER = { type: "local", id: registeredName("ada"), roles: [], credential: "local" } as const;

const journal = new AuditJournal(
  optionsFor(folder, {
    mode: "fail_closed",
    consumers: ["sink"],
    segmentBytesMax: 200_000,
    bytesMax: 1_000_000_000,
    checkpoint: { records: 50, intervalMs: 1_000 },
    waitMs: 60_000,
  }),
);
await journal.open();
// Node.js keeps what it has compiled at an orderly end, which this process never has; the next one would compile it all again.
flushCompileCache();
say("open");
journal.forward({
  exporter: registeredName("sink"),
  signal: "audit",
  consumer: "sink",
  batch: { recordsMax: 100, bytesMax: 100_000, delayMs: 1 },
  attemptTimeoutMs: 60_000,
  retry: { baseMs: 10, maxMs: 10 },
  send: async (lines) => {
    for (const line of lines) say(`received ${parseLine(line)?.sequence}`);
    return { kind: "delivered" };
  },
});
let number = 0;
let waiting = 0;
/** Goes on when one of those that wait has an end: a loop that asks would take the processor from what it waits for. */
let goOn = (): void => {};
for (;;) {
  await (waiting < IN_FLIGHT_MAX ? turn() : new Promise<void>((resolve) => (goOn = resolve)));
  for (let count = 1 + (number % 7); count > 0; count--) {
    number += 1;
    waiting += 1;
    void (number % 3 === 0 ? record(`${round}-${number}`) : call(`${round}-${number}`)).finally(() => {
      waiting -= 1;
      goOn();
    });
  }
}

async function call(id: string): Promise<void> {
  const intent = { id, kind: "call", method: "tools/call", server: "math", subject: "add" } as const;
  const refusal = await journal.begin({ ...intent, caller: CALLER, client: LIBRARY_CLIENT });
  if (refusal !== undefined) return say(`failed ${refusal.message}`);
  // From here on a server would see the call.
  say(`intended ${id}`);
  await turn();
  const event = callEvent(id);
  journal.listener(event);
  const withheld = await journal.end(event);
  if (withheld !== undefined) return say(`failed ${withheld.message}`);
  // From here on the caller would have the answer.
  say(`ended ${id}`);
}

async function record(id: string): Promise<void> {
  const isDurable = await journal.record(callRecord(id, "x".repeat(number % 300)));
  say(isDurable ? `ended ${id}` : `failed ${id}`);
}
