import { catalog } from "@mcp-hangar/telemetry";
import { by, max, min, sum } from "../../promql/aggregate.ts";
import { rate } from "../../promql/functions.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, recently } from "../measures.ts";
import { chart, timeline } from "../panels.ts";
import { flag } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";

const perSource = by("source");

/** Where servers come from that nobody configured. */
export function discovery({ chosen, draw }: Board): SectionDraft {
  const { discoveryServers, discoveryRegistrations, discoveryDeregistrations, discoveryErrors } = catalog;
  const cycles = sum(recently(chosen.buckets(catalog.discoveryCycleDuration)), by("source", "le"));
  return {
    id: 500,
    title: "Discovery",
    folded: true,
    rows: [
      [
        timeline({
          key: "discovery-health",
          id: 501,
          title: "Sources",
          description:
            "Whether the last cycle of each source succeeded. While it fails, new servers are not found and gone ones stay.",
          unit: "bool",
          queries: [query(min(chosen.series(catalog.discoverySourceHealthy), perSource), "{{source}}")],
          drawn: draw("bool", "DiscoverySourceUnhealthy"),
          meanings: flag("works", "fails"),
          width: 6,
          whenEmpty: whyEmpty.discovery,
        }),
        chart({
          key: "discovered-servers",
          id: 502,
          title: "Announced servers",
          description:
            "Servers that each source announces. A sudden drop to 0 removes servers where the source is authoritative.",
          unit: "none",
          queries: [query(max(chosen.series(discoveryServers), perSource), "{{source}}")],
          width: 6,
          whenEmpty: whyEmpty.discovery,
        }),
        chart({
          key: "discovery-changes",
          id: 503,
          title: "Servers that come and go",
          description: "Registrations and removals. Both at once, again and again, is a source that flaps.",
          unit: "ops",
          queries: [
            query(sum(rate(chosen.series(discoveryRegistrations), RATE), perSource), "{{source}} registered"),
            query(sum(rate(chosen.series(discoveryDeregistrations), RATE), perSource), "{{source}} removed"),
          ],
          width: 6,
          whenEmpty: whyEmpty.discovery,
        }),
        chart({
          key: "discovery-errors",
          id: 504,
          title: "Failed cycles",
          description: "Cycles that failed. The log of the gateway says why.",
          unit: "ops",
          queries: [query(sum(rate(chosen.series(discoveryErrors), RATE), perSource), "{{source}}")],
          width: 3,
          whenEmpty: whyEmpty.discovery,
        }),
        chart({
          key: "discovery-duration",
          id: 505,
          title: "P95 cycle",
          description: "How long a source takes to answer.",
          unit: "s",
          queries: [query(quantileOf(0.95, cycles), "{{source}}")],
          width: 3,
          whenEmpty: whyEmpty.discovery,
        }),
      ],
    ],
  };
}
