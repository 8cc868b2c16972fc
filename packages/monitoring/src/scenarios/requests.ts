import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { counter } from "./series.ts";
import { alertNamed, type Coverage, inShares, tell } from "./story.ts";

const read = { mcp_server: "files", method: "resources/read" } as const;

/** Requests of one method that fail at two servers. */
export function requests(context: Context, { alerts }: Topic): Coverage {
  const setting = context.options.alerts.HighRequestErrorRate;
  const stories = inShares(setting.share, setting, context, ({ each, below, above }) => {
    const failed = { below: (each * below) / 2, above: (each * above) / 2 };
    const succeeded = { healthy: each, below: each * (1 - below), above: each * (1 - above) };
    return {
      course: { kind: "average", window: setting.window },
      series: [
        ...counter(catalog.requests, { ...read, status: "success" }, succeeded),
        ...counter(catalog.requests, { ...read, status: "error" }, failed),
        ...counter(catalog.requests, { ...read, mcp_server: "notes", status: "timeout" }, failed),
        // What callers do wrong is no failure, and hides none.
        ...counter(catalog.requests, { ...read, status: "rejected" }, each),
        ...counter(catalog.requests, { ...read, status: "cancelled" }, each),
      ],
      firing: { method: "resources/read" },
      share: { part: ({ labels }) => labels.status === "error" || labels.status === "timeout" },
    };
  });
  return tell(context, alertNamed(alerts, "HighRequestErrorRate"), stories);
}
