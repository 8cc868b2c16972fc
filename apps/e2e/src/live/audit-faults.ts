import { open } from "node:fs/promises";
import { runProcess } from "@mcp-hangar/testing";
import type { AuditedGateway } from "./audited-gateway.ts";
import { type Fault, job } from "./fault.ts";
import { startLoad } from "./load.ts";

const journal = { ...job, exporter: "audit_journal", signal: "audit" };
const sink = { ...job, exporter: "audit_sink_siem", signal: "audit" };
/** The least that a journal may have, and that is soon half full. */
const SMALL_BYTES = 1_048_576;
/** By which the clock is set, in ms. */
const STEP_MS = 3_600_000;

/** What can befall an audit trail. One after the other: some of them restart the gateway. */
export const AUDIT_FAULTS: readonly Fault<AuditedGateway>[] = [
  {
    name: "a receiver that is gone",
    alerts: [
      { alert: "AuditSinkLagging", labels: { ...job, exporter: "audit_sink_siem" } },
      { alert: "TelemetryExportFailing", labels: sink },
    ],
    async begin(world) {
      await world.stopReceiver();
      // Each is one more that waits; while nothing comes, there is nothing to fail with.
      const load = startLoad(() => world.act(), 500);
      return {
        async [Symbol.asyncDispose]() {
          await load[Symbol.asyncDispose]();
          await world.startReceiver();
        },
      };
    },
  },
  {
    name: "a disk that takes nothing more",
    alerts: [
      { alert: "AuditCheckpointOverdue", labels: job },
      { alert: "TelemetryExportFailing", labels: journal },
    ],
    async begin(world) {
      // A record that is not signed yet, and whose signature cannot be written.
      await world.act();
      await limitFileSize(world, "0");
      const load = startLoad(() => list(world), 500);
      return {
        async [Symbol.asyncDispose]() {
          await load[Symbol.asyncDispose]();
          await limitFileSize(world, "unlimited");
        },
      };
    },
  },
  {
    name: "a clock that is set",
    alerts: [{ alert: "AuditClockStepped", labels: job }],
    async begin(world) {
      await world.setClock(STEP_MS);
      // A step is told of for a quarter of an hour, and not beyond a restart.
      return { [Symbol.asyncDispose]: () => world.restart() };
    },
  },
  {
    name: "a journal that is nearly full",
    alerts: [{ alert: "AuditJournalFilling", labels: job }],
    async begin(world) {
      await world.restart({ max_bytes: SMALL_BYTES });
      const load = startLoad(() => list(world), 5, 4);
      return {
        async [Symbol.asyncDispose]() {
          await load[Symbol.asyncDispose]();
          // What the runbook says: give it more room.
          await world.restart();
        },
      };
    },
  },
  {
    name: "a record that somebody has altered",
    alerts: [{ alert: "AuditChainBroken", labels: job }],
    async begin(world) {
      // The first of several files since the journal was small: the last one is mended when it is opened.
      const { path, bytes } = await world.segment();
      const at = bytes.indexOf("listServers");
      await world.restart({}, () => writeAt(path, at, "listservers"));
      return { [Symbol.asyncDispose]: () => world.restart({}, () => writeAt(path, at, "listServers")) };
    },
  },
];

async function writeAt(path: string, offset: number, text: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.write(text, offset);
  } finally {
    await file.close();
  }
}

async function list(world: AuditedGateway): Promise<void> {
  const answer = await fetch(`${world.gateway().url}/api/mcp_servers`);
  await answer.arrayBuffer();
}

/** A disk that is full, for one process: every write to a file fails as soon as the file is as large as the limit. */
async function limitFileSize(world: AuditedGateway, soft: string): Promise<void> {
  const args = [`--pid=${world.gateway().process.pid}`, `--fsize=${soft}:unlimited`];
  const { code, stderr } = await runProcess({ command: "prlimit", args });
  if (code !== 0) throw new Error(`prlimit failed: ${stderr}`);
}
