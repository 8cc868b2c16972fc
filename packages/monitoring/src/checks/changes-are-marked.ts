import { catalog } from "@mcp-hangar/telemetry";
import { nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";

/** What changes in an installation, by the metric that tells of it. */
const CHANGES = {
  deployments: catalog.buildInfo.name,
  "reloads of the configuration": catalog.configReloads.name,
  "changed definitions of tools": catalog.toolDefinitionsChanged.name,
} as const;

/** Every dashboard marks on its time axis what people and roll-outs have changed: the first question in an incident. */
export const changesAreMarked: Check = {
  name: "changes-are-marked",
  run({ dashboards }) {
    return dashboards.flatMap(({ uid, annotations }) => {
      const marked = new Set<string>(
        annotations.flatMap(({ expr }) =>
          [...nodesOf(expr.node)].flatMap((node) => (node.kind === "selector" ? [node.metric.name] : [])),
        ),
      );
      return Object.entries(CHANGES)
        .filter(([, metric]) => !marked.has(metric))
        .map(([change]) => ({
          subject: `dashboard ${uid}`,
          problem: `no annotation marks ${change}`,
          mend: "add `...changesOf(board.chosen)` to its annotations",
        }));
    });
  },
};
