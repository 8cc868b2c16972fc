import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { gauge, steady } from "./series.ts";
import { alertNamed, type Coverage, tell } from "./story.ts";

/** A reload that fails on one of two gateways. */
export function configuration(context: Context, { alerts }: Topic): Coverage {
  const metric = catalog.configLastReloadSuccessful;
  return tell(context, alertNamed(alerts, "ConfigReloadFailed"), [
    {
      course: { kind: "level" },
      series: [...gauge(metric, {}, { healthy: 1, below: 1, above: 0 }), ...steady(metric, {}, 1, "b:8000")],
      firing: { instance: "a:8000" },
    },
  ]);
}
