import { catalog } from "@mcp-hangar/telemetry";
import { type Incident, level, type Phase, scraped } from "../incident.ts";

/** A level that is zero until the tenth minute and grows by sixty a minute from then on, as the age of what waits does. */
const growing = (minutes: number): readonly Phase[] => [
  [10, 0],
  ...Array.from({ length: minutes - 10 }, (_, minute): Phase => [1, 60 * minute]),
];

/** An audit trail that is not whole, not signed, not on its way, or has no room. */
export const audit: readonly Incident[] = [
  {
    what: "The sink of the audit journal is away",
    minutes: 45,
    series: [scraped(45), level(catalog.auditLag, { exporter: "siem" }, ...growing(45))],
    warns: { AuditSinkLagging: 32 },
  },
  {
    what: "The audit journal runs full",
    minutes: 30,
    series: [scraped(30), level(catalog.auditJournalUsed, {}, [10, 0.85], [20, 0.95])],
    warns: { AuditJournalFilling: 21 },
  },
  {
    what: "A record of the audit journal is edited",
    minutes: 20,
    series: [scraped(20), level(catalog.auditChainProblems, {}, [10, 0], [10, 1])],
    pages: { AuditChainBroken: 11 },
  },
  {
    what: "The audit journal cannot be signed",
    minutes: 30,
    series: [scraped(30), level(catalog.auditCheckpointOverdue, {}, ...growing(30))],
    warns: { AuditCheckpointOverdue: 22 },
  },
  {
    what: "The clock that stamps audit records is set back by an hour",
    minutes: 30,
    series: [scraped(30), level(catalog.auditClockStep, {}, [10, 0], [15, 3_600], [5, 0])],
    warns: { AuditClockStepped: 11 },
  },
];
