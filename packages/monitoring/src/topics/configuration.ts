import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { Topic } from "../model.ts";
import { label, text } from "../template.ts";

/** Whether the configuration that was written is the one in force. */
export function configuration({ options, rules }: Context): Topic {
  const successful = rules.series(catalog.configLastReloadSuccessful);
  const condition = when(successful, "==", { threshold: 0, unit: "bool" });
  return {
    name: "configuration",
    recordingRules: [],
    alerts: [
      alertRule({
        alert: "ConfigReloadFailed",
        setting: options.alerts.ConfigReloadFailed,
        expr: condition.expr,
        conditions: [condition],
        summary: text`${label("instance")} could not load its configuration`,
        description: text`The last reload on ${label("instance")} (${label("job")}) failed. The gateway runs with the configuration before it, and will not start again with the new one.`,
        dashboard: { uid: "mcp-hangar-overview" },
      }),
    ],
  };
}
