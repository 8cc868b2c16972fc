import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startHangar, type Upstream } from "../gateways/contenders.ts";
import { runClosedLoop } from "../load/closed-loop.ts";
import { blobWorkload, echoWorkload, type Workload } from "../load/expectation.ts";
import { openSession } from "../load/mcp-session.ts";
import type { BenchOptions } from "../options.ts";
import { workFolder } from "../processes/launch.ts";
import { type CpuProfile, selfTimes } from "../report/cpu-profile.ts";
import type { Findings } from "../report/figure.ts";
import { leanStdioArgs, withLean } from "../upstreams/lean.ts";
import { complianceOf, launchReceiver } from "./audit.ts";
import { largeBytes } from "./large-results.ts";
import type { Scenario } from "./scenario.ts";

/** Functions that the table shows. */
const shown = 30;
/** Microseconds between two samples: fine enough for functions that cost a microsecond a call, at about 5 % more load. */
const sampleMicros = 200;

/** Where the gateway's own time goes at 16 in flight; not a comparison, because profiling slows the gateway. */
export const profile: Scenario = {
  name: "profile",
  title: "Profile",
  run({ options, progress }) {
    return withLean(options, async (lean): Promise<Findings> => {
      const folder = options.profileFolder || join(workFolder(), "profile");
      mkdirSync(folder, { recursive: true });
      const upstream: Upstream = options.only.includes("stdio")
        ? { kind: "stdio", args: leanStdioArgs }
        : { kind: "http", endpoint: `${lean.url}/mcp` };
      const receiver = options.only.includes("audit") ? await launchReceiver() : undefined;
      const gateway = await startHangar(upstream, {
        fromSources: options.fromSources,
        ...(receiver && { compliance: await complianceOf("fail_open", join(workFolder(), "audited"), receiver) }),
        nodeArgs: ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${sampleMicros}`],
      });
      const session = await openSession(gateway.process.url, "/mcp", options.era);
      const load = { session, workload: workload(options, gateway.prefix), inFlight: 16 };
      progress("warming up");
      await runClosedLoop({ ...load, seconds: Math.min(2, options.seconds) });
      progress("profiling");
      const from = nowMicros();
      const { calls } = await runClosedLoop({ ...load, seconds: options.seconds * options.rounds });
      const to = nowMicros();
      await gateway.process.stop();
      await receiver?.stop();
      const times = selfTimes(readProfile(folder), from, to);
      const wallMs = (to - from) / 1_000;
      return {
        tables: [
          {
            title: `Own time of the gateway's main thread over ${calls} calls, 16 in flight`,
            columns: ["function", "µs a call", "share", "where"],
            rows: times
              .slice(0, shown)
              .map(({ name, place, milliseconds }) => [
                name,
                ((milliseconds * 1_000) / calls).toFixed(2),
                `${((milliseconds / wallMs) * 100).toFixed(1)} %`,
                place,
              ]),
          },
        ],
        figures: [],
      };
    });
  },
};

function workload({ only }: BenchOptions, prefix: string): Workload {
  const wanted = only.includes("large-results") ? blobWorkload(largeBytes) : echoWorkload(200);
  return { ...wanted, tool: prefix + wanted.tool };
}

/** V8 stamps its profiles with the monotonic clock that hrtime reads, so the warm-up can be cut off. */
function nowMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function readProfile(folder: string): CpuProfile {
  const file = readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .sort()
    .at(-1);
  if (file === undefined) throw new Error(`no profile in ${folder}: the gateway did not stop gracefully on SIGTERM`);
  // Node wrote this file a moment ago; its shape is V8's.
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as CpuProfile;
}
