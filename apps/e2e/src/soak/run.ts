import { seededRandom } from "@mcp-hangar/core/testing";
import { poll } from "@mcp-hangar/testing";
import { Agent } from "undici";
import { modernRequest } from "../harness/wire-client.ts";
import { endingOfAnswer } from "./client.ts";
import { type FaultCounts, injectFaults } from "./faults.ts";
import { runLane } from "./lane.ts";
import { type GatewayRecords, LEFT, Ledger } from "./ledger.ts";
import type { SoakOptions } from "./options.ts";
import { growth, type Sample, takeSample } from "./samples.ts";
import { BASE, LASTING, PASSING, startWorld, type World } from "./world.ts";

/** Samples of a soak, evenly spread over its calls. */
const SAMPLES = 60;
/** Time that what was left behind may take to go away, in ms. */
const SETTLE_MS = 60_000;
const STATUSES = ["success", "error", "timeout", "rejected", "cancelled"] as const;

/** What a soak showed. Without violations every call is accounted for, and nothing is left over. */
export interface SoakReport {
  readonly options: SoakOptions;
  readonly seconds: number;
  readonly faults: FaultCounts;
  /** How calls ended for their clients. */
  readonly endings: Readonly<Record<string, number>>;
  /** Calls in the gateway's log. */
  readonly logged: number;
  readonly samples: readonly Sample[];
  /** Last third against middle third; 1 is flat. */
  readonly growth: Readonly<Record<"residentBytes" | "openFiles" | "series", number>>;
  /** What the gateway holds before the first fault and after the last, both times with nothing to do. */
  readonly quiet: { readonly before: Sample; readonly after: Sample };
  readonly violations: readonly string[];
}

/** Runs a soak; `onProgress` hears of every sample. */
export async function runSoak(options: SoakOptions, onProgress: (sample: Sample) => void): Promise<SoakReport> {
  const beganMs = performance.now();
  const random = seededRandom(options.seed);
  const ledger = new Ledger();
  const dispatcher = new Agent({ connections: options.lanes });
  await using world = await startWorld();
  await allReady(world, ledger);
  const before = await takeSample(world, 0);

  const done = new AbortController();
  const calling = Promise.all(
    Array.from({ length: options.lanes }, () => {
      const own = seededRandom(random.integer(0, 2 ** 31));
      return runLane({
        gateway: { url: world.gateway.mcpUrl(), dispatcher },
        ledger,
        calls: options.calls,
        random: own,
      });
    }),
  ).finally(() => done.abort());
  const [counts, taken] = await Promise.all([
    injectFaults(world, ledger, seededRandom(options.seed + 1), options.calls, done.signal),
    sampleAlong(world, ledger, options.calls, done.signal, onProgress),
    calling,
  ]);

  await world.reload(BASE);
  await allReady(world, ledger);
  await dispatcher.close();
  const after = await settled(world, before, ledger);
  const page = await world.gateway.metrics();
  await world.gateway.stop();
  const records = await ledger.compareWithLog(world.logFile);
  compareWithMetrics(ledger, records, (server, status) =>
    page.sum("mcp_hangar_tool_calls_total", { mcp_server: server, status }),
  );
  const left = await poll("the end of all servers", () => world.processes().length === 0, SETTLE_MS).catch(() => false);
  if (left === false) ledger.violate(`processes are left: ${world.processes().join(", ")}`);
  return {
    options,
    seconds: (performance.now() - beganMs) / 1_000,
    faults: counts,
    endings: ledger.summary(),
    logged: records.lines,
    samples: taken,
    growth: {
      residentBytes: growth(taken, (sample) => sample.residentBytes),
      openFiles: growth(taken, (sample) => sample.openFiles),
      series: growth(taken, (sample) => sample.series),
    },
    quiet: { before, after },
    violations: ledger.violations,
  };
}

/** Calls every server until each has answered: a server that failed a moment ago makes the gateway wait. */
async function allReady({ gateway }: World, ledger: Ledger): Promise<void> {
  for (const server of [...LASTING, ...PASSING]) {
    const answers = async (): Promise<boolean> => {
      const id = ledger.begin();
      const params = { name: `${server}__ok`, arguments: {}, _meta: { user_id: id } };
      const { message } = await modernRequest(gateway.mcpUrl(), "tools/call", params);
      ledger.end(id, endingOfAnswer(message) ?? LEFT);
      return message.result !== undefined;
    };
    await poll(`an answer of ${server}`, answers, SETTLE_MS, 200);
  }
}

async function sampleAlong(
  world: World,
  ledger: Ledger,
  calls: number,
  done: AbortSignal,
  onProgress: (sample: Sample) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let taken = 1; taken <= SAMPLES && !done.aborted; taken += 1) {
    const due = (calls * taken) / SAMPLES;
    while (ledger.started < due && !done.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
    const sample = await takeSample(world, ledger.started);
    samples.push(sample);
    onProgress(sample);
  }
  return samples;
}

/** With the configuration of the beginning, the gateway comes to hold what it held then. */
async function settled(world: World, before: Sample, ledger: Ledger): Promise<Sample> {
  let last = before;
  const same = async (): Promise<boolean> => {
    last = await takeSample(world, ledger.started);
    return last.openFiles <= before.openFiles;
  };
  await poll("as few open files as before", same, SETTLE_MS, 500).catch(() => {
    ledger.violate(`${last.openFiles} files are open, before it were ${before.openFiles}`);
  });
  return last;
}

/** Of servers that were there all the time, the metrics say the same as the log. */
function compareWithMetrics(
  ledger: Ledger,
  { totals }: GatewayRecords,
  counted: (server: string, status: string) => number,
): void {
  for (const server of LASTING) {
    for (const status of STATUSES) {
      const logged = totals.get(`${server} ${status}`) ?? 0;
      const metric = counted(server, status);
      // Refused calls that come by the hundred are counted together in the log.
      if (status === "rejected" ? metric < logged : metric !== logged) {
        ledger.violate(`${server}: ${metric} calls with status ${status} in the metrics, ${logged} in the log`);
      }
    }
  }
}
