import { awaitLogEvent, heapProbe, openFiles, poll, processesMarked, startProcess } from "@mcp-hangar/testing";
import { gatewayArguments, writeConfig } from "../../harness/gateway-process.ts";
import { temporaryFolder } from "../../harness/temporary-folder.ts";
import { EVERYTHING, nodeServer } from "../../harness/upstreams.ts";
import { fixtureFile } from "../../harness/workspace.ts";
import { KINDS, type Kind, PAST, type Target } from "./kinds.ts";
import { type Slope, slopeOf } from "./slope.ts";

export interface MemorySoakOptions {
  /** How often a round does a kind, before its share. */
  readonly times: number;
  /** Measured rounds. */
  readonly rounds: number;
  /** Rounds before them: code that runs for the first time is compiled and kept, and what has a limit fills up. */
  readonly warmUp: number;
}

/** What one kind of use has left behind. */
export interface KindReport {
  readonly kind: string;
  readonly times: number;
  /** Bytes that each use leaves in the heap after collection. */
  readonly bytesEach: Slope;
  readonly openFiles: readonly number[];
  readonly processes: readonly number[];
}

/** Calls that fill the largest of what is kept of the past for whoever asks: the rings of events. */
const PAST_CALLS = 1_100;

/** Uses of each kind before it is measured, at least: after so many, everything that has a limit or a time is full. */
const WARM_UP_USES_MIN = 400;

/** Uses at the same time. */
const LANES = 8;

/** Opens and leaves everything there is, round after round, and looks at what stays. */
export async function runMemorySoak(
  { times, rounds, warmUp }: MemorySoakOptions,
  onReport: (report: KindReport) => void,
): Promise<readonly KindReport[]> {
  await using folder = await temporaryFolder();
  const marker = `memory-soak-${process.pid}-end`;
  const config = await writeConfig(folder.path, {
    mcp_servers: {
      own: nodeServer(fixtureFile("misbehaving/stdio.ts"), marker),
      everything: nodeServer(EVERYTHING, "stdio", marker),
      odd: nodeServer(fixtureFile("strange-tasks/main.ts"), marker),
    },
    mcp: { http_sse: true },
    execution: { max_concurrency: 200, default_mcp_server_concurrency: 100 },
    management: { tools: { allow: ["*"] } },
    logging: { level: "info", json_format: true },
  });
  const args = ["--inspect=127.0.0.1:0", ...gatewayArguments("serve", "--http", "--port", "0", "--config", config)];
  await using gateway = await startProcess({ command: process.execPath, args });
  const url = String((await awaitLogEvent(gateway, "http_listening")).url).replace(/\/$/, "");
  using heap = await heapProbe(() => gateway.stderr());
  const target: Target = {
    url,
    mcpUrl: (server) => (server === undefined ? `${url}/mcp` : `${url}/servers/${server}/mcp`),
  };
  await using _follower = await followEvents(url);
  await repeat(PAST, target, PAST_CALLS);
  const reports: KindReport[] = [];
  for (const kind of KINDS) {
    const own = Math.max(1, Math.round(times * kind.share));
    await repeat(kind, target, Math.max(own * warmUp, WARM_UP_USES_MIN));
    const [bytes, files, processes]: number[][] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      await repeat(kind, target, own);
      await quiet(target);
      bytes?.push(await heap.liveBytes());
      files?.push(openFiles(gateway.pid));
      processes?.push(processesMarked(marker).length);
    }
    const { perStep, error } = slopeOf(bytes ?? []);
    const bytesEach = { perStep: perStep / own, error: error / own };
    const report = {
      kind: kind.name,
      times: own * rounds,
      bytesEach,
      openFiles: files ?? [],
      processes: processes ?? [],
    };
    reports.push(report);
    onReport(report);
  }
  return reports;
}

/** Somebody who follows the events all the time: what the gateway keeps for those who come back is full before it is measured. */
async function followEvents(url: string): Promise<AsyncDisposable> {
  const leaving = new AbortController();
  const { body } = await fetch(`${url}/api/events`, { signal: leaving.signal });
  const read = body?.pipeTo(new WritableStream()).catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await read;
    },
  };
}

async function repeat({ name, once }: Kind, target: Target, times: number): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < times) {
      const index = begun++;
      await once(target, index).catch((cause: unknown) => {
        throw new Error(`${name}: use ${index} failed`, { cause });
      });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Waits until no call is in flight: those that were left are being cancelled. */
async function quiet({ url }: Target): Promise<void> {
  await poll("an end of all calls", async () => {
    const response = await fetch(`${url}/api/system`);
    const { calls_in_flight: inFlight } = (await response.json()) as { readonly calls_in_flight?: number };
    return inFlight === 0;
  });
}
