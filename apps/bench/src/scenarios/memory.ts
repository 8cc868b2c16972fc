import { setTimeout as sleep } from "node:timers/promises";
import { runClosedLoop } from "../load/closed-loop.ts";
import { echoWorkload } from "../load/expectation.ts";
import { openSession } from "../load/mcp-session.ts";
import { residentBytes } from "../processes/usage.ts";
import { short } from "../report/print.ts";
import { median } from "../report/statistics.ts";
import { withContenders } from "./comparison.ts";
import { sampledBytes } from "./members.ts";
import { observedFigures } from "./observed.ts";
import type { Scenario } from "./scenario.ts";

/** Resident memory of the gateway: idle with its upstream connected, under load, and after it. */
export const memory: Scenario = {
  name: "memory",
  title: "Memory",
  run({ options, progress }) {
    return withContenders({ options, behind: "http", names: ["hangar"] }, async ([contender]) => {
      if (contender === undefined) return { tables: [], figures: [] };
      const { pid, url } = contender.process;
      const session = await openSession(url, "/mcp", options.era);
      const workload = echoWorkload(200, `${contender.prefix}echo`);
      // One call makes the gateway connect its upstream; a pause lets it settle.
      const first = await runClosedLoop({ session, workload, inFlight: 1, seconds: 0.001 });
      await sleep(Math.min(1_000, options.seconds * 1_000));
      const idle = residentBytes(pid);
      progress("memory under load");
      const { samples, result } = await sampledBytes([pid], () =>
        runClosedLoop({ session, workload, inFlight: 16, seconds: options.seconds * options.rounds }),
      );
      await sleep(Math.min(2_000, options.seconds * 1_000));
      const after = residentBytes(pid);
      const loaded = Math.max(...samples);
      return {
        tables: [
          {
            title: "Resident memory of the gateway",
            columns: ["", "MB"],
            rows: [
              ["idle", short(idle / 1e6)],
              ["loaded, highest", short(loaded / 1e6)],
              ["after", short(after / 1e6)],
            ],
          },
        ],
        figures: [
          { id: "memory.idle", label: "RSS idle", value: idle / 1e6, unit: "MB", target: { atMost: 95 } },
          {
            id: "memory.loaded",
            label: "RSS under load, highest",
            value: loaded / 1e6,
            unit: "MB",
            target: { atMost: 150 },
          },
          { id: "memory.after", label: "RSS after load", value: after / 1e6, unit: "MB" },
          {
            id: "memory.growth",
            label: "RSS of the load's last third against its middle third",
            value: growth(samples),
            unit: "×",
            // 5 % is the noise of a generational heap between two of its collections.
            target: { atMost: 1.05 },
          },
          ...(await observedFigures(contender.process, first.calls + result.calls)),
        ],
      };
    });
  },
};

/** A heap fills up at first; a leak is what still grows between the second and the last third. */
function growth(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3);
  return median(samples.slice(-third)) / median(samples.slice(third, 2 * third));
}
