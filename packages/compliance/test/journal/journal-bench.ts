import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditJournal, type FailMode, machineClock, verifyJournal } from "@mcp-hangar/compliance";
import { type CallFinished, EventIds } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";

// What a record costs in the journal, on this machine. Usage: node --conditions=@mcp-hangar/source test/journal/journal-bench.ts

const sample = sampleEvent("call.finished");
const eventOf = (callId: string): CallFinished => ({ ...sample, callId, timeMs: Date.now() });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function withJournal(
  mode: FailMode,
  use: (journal: AuditJournal, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "hangar-bench-"));
  try {
    const journal = new AuditJournal({
      folder,
      consumers: [],
      instance: "bench",
      ids: new EventIds("bench"),
      mode,
      memory: { recordsMax: 1_000_000, bytesMax: 10_000_000_000 },
      clock: machineClock,
      random: Math.random,
    });
    await journal.open();
    await use(journal, folder);
    await journal.close(60_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce(
    (sum, name) => sum + (name.endsWith(".segment") ? statSync(join(folder, name)).size : 0),
    0,
  );

const say = (name: string, value: number, unit: string): void =>
  void process.stdout.write(`${name.padEnd(58)} ${value.toFixed(1)} ${unit}
`);

/** Offers so many records, a few a turn, and waits for the disk. */
async function open(records: number): Promise<void> {
  await withJournal("fail_open", async (journal, folder) => {
    let callerMs = 0;
    const cpu = process.cpuUsage();
    const fromMs = performance.now();
    for (let number = 0; number < records; ) {
      const events = Array.from({ length: 20 }, () => eventOf(`call-${number++}`));
      const beginMs = performance.now();
      for (const event of events) journal.listener(event);
      for (const event of events) void journal.end(event);
      callerMs += performance.now() - beginMs;
      await turn();
    }
    while (journal.snapshot().queueSize > 0) await turn();
    const seconds = (performance.now() - fromMs) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    say("fail_open: on the caller's time, a record", (callerMs * 1_000) / records, "µs");
    say("fail_open: CPU a record, all of it", (user + system) / records, "µs");
    say("fail_open: records a second, on the disk", records / seconds, "");
    say("bytes a record", bytesIn(folder) / records, "");
    const verifyMs = performance.now();
    for await (const finding of verifyJournal(folder)) if (finding.kind === "problem") throw new Error(finding.found);
    say("verify: records a second", records / ((performance.now() - verifyMs) / 1_000), "");
  });
}

/** So many calls at a time, each with begin and end. */
async function closed(calls: number, inFlight: number): Promise<void> {
  await withJournal("fail_closed", async (journal) => {
    const { caller, client } = sample;
    const latencies: number[] = [];
    let number = 0;
    const cpu = process.cpuUsage();
    const fromMs = performance.now();
    const worker = async (): Promise<void> => {
      while (number < calls) {
        const id = `call-${number++}`;
        const beginMs = performance.now();
        const intent = {
          id,
          kind: "call",
          method: "tools/call",
          server: "math",
          subject: "add",
          caller,
          client,
        } as const;
        const refusal = await journal.begin(intent);
        if (refusal !== undefined) throw new Error(refusal.message);
        const event = eventOf(id);
        journal.listener(event);
        await journal.end(event);
        latencies.push(performance.now() - beginMs);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    const seconds = (performance.now() - fromMs) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    latencies.sort((one, other) => one - other);
    const at = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? 0;
    say(`fail_closed, ${inFlight} in flight: begin and end, median`, at(0.5), "ms");
    say(`fail_closed, ${inFlight} in flight: begin and end, 99 %`, at(0.99), "ms");
    say(`fail_closed, ${inFlight} in flight: calls a second`, calls / seconds, "");
    say(`fail_closed, ${inFlight} in flight: CPU a call`, (user + system) / calls, "µs");
  });
}

await open(20_000);
await open(100_000);
await closed(2_000, 16);
await closed(10_000, 16);
await closed(1_000, 1);
