import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { runtime } from "../promql/external.ts";
import { limits } from "./limits.ts";
import { counter, gauge, steady } from "./series.ts";
import { alertNamed, around, type Coverage, stepOf, tell, together } from "./story.ts";

const CPUS = 4;

/** A process that comes near its limits, takes too much memory, or too much of its CPUs. */
export function process(context: Context, { alerts }: Topic): Coverage {
  const { HighMemoryUsage: memory, HighCPUUsage: cpu } = context.options.alerts;
  const busy = around(cpu.share, cpu.window, context);
  // Of one instance only: each has its own process.
  const [used] = counter(
    runtime.processCpu,
    {},
    {
      healthy: stepOf(context),
      below: 2 * busy.below * CPUS * stepOf(context),
      above: 2 * busy.above * CPUS * stepOf(context),
    },
  );
  return together(
    tell(context, alertNamed(alerts, "HighMemoryUsage"), [
      {
        course: { kind: "level" },
        series: [
          ...gauge(
            runtime.processResidentMemory,
            {},
            {
              healthy: memory.level / 10,
              below: memory.level,
              above: memory.level + 1,
            },
          ),
          ...steady(runtime.processResidentMemory, {}, memory.level / 10, "b:8000"),
        ],
        firing: { instance: "a:8000" },
      },
    ]),
    ...limits(context, alerts),
    tell(context, alertNamed(alerts, "HighCPUUsage"), [
      {
        course: { kind: "average", window: cpu.window },
        series: [...(used === undefined ? [] : [used]), ...steady(runtime.availableCpus, {}, CPUS)],
        firing: { instance: "a:8000" },
      },
    ]),
  );
}
