import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../promql/aggregate.ts";
import { increase } from "../promql/functions.ts";
import type { Board } from "./board.ts";
import type { SectionDraft } from "./layout.ts";
import { query } from "./measures.ts";
import { chart } from "./panels.ts";
import { whyEmpty } from "./why-empty.ts";

/** What clients take too slowly, and what they were refused to keep the gateway within its limits. */
export function load({ chosen }: Board): SectionDraft {
  return {
    id: 400,
    title: "Limits towards clients",
    folded: true,
    rows: [
      [
        chart({
          key: "buffered-bytes",
          id: 401,
          title: "Held for clients",
          description:
            "Request bodies that arrive, and answers that clients have not read yet. Beyond http.max_buffered_bytes more is refused.",
          unit: "bytes",
          queries: [query(max(chosen.series(catalog.bufferedBytes), by("instance")), "{{instance}}")],
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "load-shed",
          id: 402,
          title: "Refused to stay within limits",
          description:
            "Within 5m, by reason: no room for a body or an answer, answers that nobody took, connections and subscriptions beyond the limits.",
          unit: "short",
          queries: [query(sum(increase(chosen.series(catalog.loadShed), "5m"), by("reason")), "{{reason}}")],
          whenEmpty: whyEmpty.gateways,
        }),
      ],
    ],
  };
}
