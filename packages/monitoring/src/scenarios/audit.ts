import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { gauge, steady } from "./series.ts";
import { alertNamed, type Coverage, type Story, tell, together } from "./story.ts";
import { tidy } from "./values.ts";

const A = "a:8000";
const B = "b:8000";

/** Journals that fill up, are altered or not signed, sinks that are behind, and clocks that are set: of one gateway of two. */
export function audit(context: Context, { alerts }: Topic): Coverage {
  const { alerts: limits } = context.options;
  const exporter = { exporter: "audit_sink_siem" } as const;
  const { auditLag: lag, auditJournalUsed: used, auditChainProblems: problems } = catalog;
  const { auditCheckpointOverdue: overdue, auditClockStep: step } = catalog;
  const lagging = limits.AuditSinkLagging.level;
  const full = limits.AuditJournalFilling.level;
  const stories: Readonly<Record<string, Story>> = {
    AuditSinkLagging: {
      course: { kind: "level" },
      series: [
        ...gauge(lag, exporter, { healthy: 1, below: lagging, above: lagging + 1 }),
        // Another sink of the same gateway is well.
        ...steady(lag, { exporter: "audit_sink_lines" }, 0),
      ],
      firing: { ...exporter, instance: A },
    },
    AuditJournalFilling: level(used, { healthy: full / 2, below: full, above: Math.min(1, justAbove(full)) }),
    AuditChainBroken: over(problems, limits.AuditChainBroken.level),
    AuditCheckpointOverdue: over(overdue, limits.AuditCheckpointOverdue.level),
    AuditClockStepped: over(step, limits.AuditClockStepped.level),
  };
  return together(...Object.entries(stories).map(([key, story]) => tell(context, alertNamed(alerts, key), [story])));
}

type JournalMetric =
  | typeof catalog.auditJournalUsed
  | typeof catalog.auditChainProblems
  | typeof catalog.auditCheckpointOverdue
  | typeof catalog.auditClockStep;

function over(metric: JournalMetric, limit: number): Story {
  return level(metric, { healthy: 0, below: limit, above: justAbove(limit) });
}

/** So near that a limit which is moved by a twentieth is noticed. */
function justAbove(limit: number): number {
  return limit === 0 ? 1 : tidy(limit * 1.01);
}

function level(
  metric: JournalMetric,
  levels: { readonly healthy: number; readonly below: number; readonly above: number },
): Story {
  return {
    course: { kind: "level" },
    series: [...gauge(metric, {}, levels, A), ...steady(metric, {}, levels.healthy, B)],
    firing: { instance: A },
  };
}
