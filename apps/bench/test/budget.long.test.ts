import { readFileSync } from "node:fs";
import { heapProbe } from "@mcp-hangar/testing";
import { afterAll, expect, test } from "vitest";
import { type Contender, startHangar } from "../src/gateways/contenders.ts";
import { runClosedLoop } from "../src/load/closed-loop.ts";
import { echoWorkload } from "../src/load/expectation.ts";
import { endSession, openSession } from "../src/load/mcp-session.ts";
import { type BenchOptions, parseOptions } from "../src/options.ts";
import { cleanUp } from "../src/processes/launch.ts";
import { withContenders } from "../src/scenarios/comparison.ts";
import { membersOf, sampledBytes, treeBytes, treeCpuMs } from "../src/scenarios/members.ts";
import { firstCall } from "../src/scenarios/startup.ts";
import { leanStdioArgs, withLean } from "../src/upstreams/lean.ts";

// Processor time and megabytes do not depend on what else a machine does as times on a clock do. What a call costs is compared with the
// bare relay, which is hit alike by a slow machine. The bounds have room for a busy one and for a short run, in which V8 has not
// optimised everything: they are there for what makes a call or a process half as dear again. The targets are those of `pnpm bench`.
const BOUNDS = {
  http: { cpuRatio: 3, idleMb: 130, peakMb: 235 },
  stdio: { cpuRatio: 3.4, idleMb: 115, peakMb: 220 },
} as const;

/**
 * Bytes that a call may leave in the old generation of the heap. What outlives it is no leak, but is copied there by every collection of
 * the young one: 3 500 bytes, a request and its response, cost a tenth of a call's CPU. A call in flight at a collection is a part of it.
 */
const LEFT_BYTES = 600;

/** Calls until code is warm. */
const WARM_UP_CALLS = 6_000;
/** The two take turns of so many calls: a turn of so much time would be one of few calls on a busy machine, and those few the dearer. */
const TURN_CALLS = 1_200;
const TURNS = 5;

function options(): BenchOptions {
  const parsed = parseOptions(["--from-sources"]);
  if (parsed.help) throw new Error("no help was asked for");
  return parsed.options;
}

/** Makes calls; the milliseconds of CPU that their gateway took for all of them. */
async function callsCpuMs(contender: Contender, calls: number): Promise<number> {
  const { process, prefix } = contender;
  const session = await openSession(process.url, "/mcp", "legacy");
  const members = membersOf(contender);
  const beforeMs = treeCpuMs(members);
  await runClosedLoop({ session, workload: echoWorkload(200, `${prefix}echo`), inFlight: 16, seconds: 0, calls });
  const tookMs = treeCpuMs(members) - beforeMs;
  await endSession(session);
  return tookMs;
}

async function cpuRatio(gateway: Contender, relay: Contender): Promise<number> {
  for (const contender of [gateway, relay]) await callsCpuMs(contender, WARM_UP_CALLS);
  let [ownMs, relayMs] = [0, 0];
  for (let n = 0; n < TURNS; n++) {
    ownMs += await callsCpuMs(gateway, TURN_CALLS);
    relayMs += await callsCpuMs(relay, TURN_CALLS);
  }
  return ownMs / relayMs;
}

afterAll(cleanUp);

test.each(["http", "stdio"] as const)(
  "a call to a %s upstream and its gateway keep to their budget",
  async (behind) => {
    const names = ["hangar", "bare"] as const;
    const found = await withContenders({ options: options(), behind, names }, async ([gateway, relay]) => {
      if (gateway === undefined || relay === undefined) throw new Error("they do not both take part");
      await firstCall(gateway, "legacy");
      const members = membersOf(gateway);
      const idleMb = treeBytes(members) / 1e6;
      const { samples, result } = await sampledBytes(members, () => cpuRatio(gateway, relay));
      return { cpuRatio: result, idleMb, peakMb: Math.max(...samples) / 1e6 };
    });
    process.stderr.write(`${behind}: ${JSON.stringify(found)}\n`);
    for (const name of ["cpuRatio", "idleMb", "peakMb"] as const) {
      expect(found[name], name).toBeGreaterThan(0);
      expect(found[name], name).toBeLessThanOrEqual(BOUNDS[behind][name]);
    }
  },
);

test.each(["http", "stdio"] as const)(
  "a call to a %s upstream leaves nothing to the old generation of the heap",
  (behind) =>
    withLean(options(), async (lean) => {
      const upstream =
        behind === "http"
          ? ({ kind: behind, endpoint: `${lean.url}/mcp` } as const)
          : ({ kind: behind, args: leanStdioArgs } as const);
      const gateway = await startHangar(upstream, { fromSources: true, nodeArgs: ["--inspect=127.0.0.1:0"] });
      using heap = await heapProbe(() => readFileSync(gateway.process.logFile, "utf8"));
      await callsCpuMs(gateway, WARM_UP_CALLS);
      await heap.liveBytes();
      const before = await heap.oldBytes();
      await callsCpuMs(gateway, TURN_CALLS);
      const leftBytes = ((await heap.oldBytes()) - before) / TURN_CALLS;
      process.stderr.write(`${behind}: ${Math.round(leftBytes)} bytes a call\n`);
      expect(leftBytes).toBeLessThanOrEqual(LEFT_BYTES);
      await gateway.process.stop();
    }),
);
