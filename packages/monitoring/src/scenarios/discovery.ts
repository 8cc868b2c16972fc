import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { gauge, steady } from "./series.ts";
import { alertNamed, type Coverage, tell } from "./story.ts";

const source = { source: "docker" } as const;

/** A source that one of two gateways cannot ask. */
export function discovery(context: Context, { alerts }: Topic): Coverage {
  return tell(context, alertNamed(alerts, "DiscoverySourceUnhealthy"), [
    {
      course: { kind: "level" },
      series: [
        ...gauge(catalog.discoverySourceHealthy, source, { healthy: 1, below: 1, above: 0 }),
        ...steady(catalog.discoverySourceHealthy, source, 1, "b:8000"),
      ],
      firing: source,
    },
  ]);
}
