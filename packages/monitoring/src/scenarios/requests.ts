import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { counter } from "./series.ts";
import { alertNamed, around, type Coverage, tell } from "./story.ts";

const read = { mcp_server: "files", method: "resources/read" } as const;
/** Requests at every step. */
const EACH = 10_000;

/** Requests of one method that fail at two servers. */
export function requests(context: Context, { alerts }: Topic): Coverage {
  const { share, window } = context.options.alerts.HighRequestErrorRate;
  const { below, above } = around(share, window, context);
  const failed = { below: (EACH * below) / 2, above: (EACH * above) / 2 };
  const succeeded = { healthy: EACH, below: EACH * (1 - below), above: EACH * (1 - above) };
  return tell(context, alertNamed(alerts, "HighRequestErrorRate"), [
    {
      course: { kind: "average", window },
      series: [
        ...counter(catalog.requests, { ...read, status: "success" }, succeeded),
        ...counter(catalog.requests, { ...read, status: "error" }, failed),
        ...counter(catalog.requests, { ...read, mcp_server: "notes", status: "timeout" }, failed),
        // What callers do wrong is no failure, and hides none.
        ...counter(catalog.requests, { ...read, status: "rejected" }, EACH),
        ...counter(catalog.requests, { ...read, status: "cancelled" }, EACH),
      ],
      firing: { method: "resources/read" },
      share: { part: ({ labels }) => labels.status === "error" || labels.status === "timeout" },
    },
  ]);
}
