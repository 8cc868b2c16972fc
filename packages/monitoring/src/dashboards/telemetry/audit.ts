import { catalog } from "@mcp-hangar/telemetry";
import { by, max } from "../../promql/aggregate.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { query } from "../measures.ts";
import { chart } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";

const perInstance = by("instance");

/** Whether the audit trail is whole, signed, on its way and has room. */
export function audit({ chosen, draw }: Board): SectionDraft {
  const journal = {
    used: max(chosen.series(catalog.auditJournalUsed), perInstance),
    problems: max(chosen.series(catalog.auditChainProblems), perInstance),
    overdue: max(chosen.series(catalog.auditCheckpointOverdue), perInstance),
    step: max(chosen.series(catalog.auditClockStep), perInstance),
  };
  return {
    id: 500,
    title: "Audit journal",
    rows: [
      [
        chart({
          key: "audit-lag",
          id: 501,
          title: "Lag of sinks",
          description:
            "Age of the oldest record that a sink has not had. It falls when the receiver takes records again.",
          unit: "s",
          queries: [
            query(max(chosen.series(catalog.auditLag), by("instance", "exporter")), "{{exporter}} {{instance}}"),
          ],
          drawn: draw("s", "AuditSinkLagging"),
          width: 12,
          whenEmpty: whyEmpty.journal,
        }),
        chart({
          key: "audit-journal-used",
          id: 502,
          title: "Room of the journal",
          description:
            "Share of what the journal may take that is taken: of its limit, or of the disk where that has less.",
          unit: "percentunit",
          queries: [query(journal.used, "{{instance}}")],
          drawn: draw("percentunit", "AuditJournalFilling"),
          width: 12,
          whenEmpty: whyEmpty.journal,
        }),
      ],
      [
        chart({
          key: "audit-chain-problems",
          id: 503,
          title: "Problems of the chain",
          description:
            "Records that are not as they were written, as far as the last verification has come. Any is one too many.",
          unit: "short",
          queries: [query(journal.problems, "{{instance}}")],
          drawn: draw("short", "AuditChainBroken"),
          whenEmpty: whyEmpty.journal,
        }),
        chart({
          key: "audit-checkpoint-overdue",
          id: 504,
          title: "Overdue checkpoints",
          description:
            "For how long a signature has been missing. Until it comes, the records since the last one are bound by the chain alone.",
          unit: "s",
          queries: [query(journal.overdue, "{{instance}}")],
          drawn: draw("s", "AuditCheckpointOverdue"),
          whenEmpty: whyEmpty.journal,
        }),
        chart({
          key: "audit-clock-step",
          id: 505,
          title: "Steps of the clock",
          description:
            "By how much the clock was set within a quarter of an hour. Numbers of records are in order all the same.",
          unit: "s",
          queries: [query(journal.step, "{{instance}}")],
          drawn: draw("s", "AuditClockStepped"),
          whenEmpty: whyEmpty.journal,
        }),
      ],
    ],
  };
}
