/** The sinks of the table. */
export const TABLE_SINKS = [
  "file",
  "callback",
  "syslog, UDP",
  "syslog, TCP",
  "syslog, TLS",
  "Splunk",
  "webhook",
  "S3",
] as const;
export type TableSink = (typeof TABLE_SINKS)[number];

/** What befalls a receiver, a disk or the machine. */
export const TABLE_FAULTS = {
  refused: "nobody listens, or the callback throws",
  hang: "the receiver takes nothing",
  slow: "the receiver is slow",
  reset: "the connection is reset in the middle of a batch",
  reset_after: "the connection is reset instead of an answer",
  status_503: "503",
  status_500: "500",
  status_401: "401",
  disk_full: "the disk is full",
  read_only: "the disk may not be written any more",
  renamed: "the file is renamed again and again, with and without SIGHUP",
  clock: "the clock is set, by a day there and back",
} as const;
export type TableFault = keyof typeof TABLE_FAULTS;

/** Why attempts fail, by the label `reason` of `mcp_hangar_telemetry_failures_total`. */
export type FailureReason = "connection" | "timeout" | "rejected" | "io";

/** What becomes of records: they wait and follow, arrive all the while, or go where nobody can say whether they arrive. */
export type Outcome =
  | { readonly kind: "waits"; readonly reasons: readonly FailureReason[] }
  | { readonly kind: "arrives" | "unseen" };

const waits = (...reasons: readonly FailureReason[]): Outcome => ({ kind: "waits", reasons });
const ARRIVES: Outcome = { kind: "arrives" };
const UNSEEN: Outcome = { kind: "unseen" };

const STREAMS = ["syslog, TCP", "syslog, TLS"] as const;
const HTTP = ["Splunk", "webhook", "S3"] as const;
const all = (sinks: readonly TableSink[], outcome: Outcome): Row =>
  Object.fromEntries(sinks.map((sink) => [sink, outcome]));

type Row = Partial<Readonly<Record<TableSink, Outcome>>>;

/** What happens, by fault and sink; what cannot befall a sink is absent. The tests of the package hold every cell. */
export const FAULT_TABLE: Readonly<Record<TableFault, Row>> = {
  refused: { callback: waits("io"), ...all(["syslog, UDP", ...STREAMS, ...HTTP], waits("connection")) },
  hang: {
    callback: waits("timeout"),
    "syslog, UDP": UNSEEN,
    ...all([...STREAMS, ...HTTP], waits("timeout", "connection")),
  },
  slow: { "syslog, UDP": UNSEEN, ...all(["callback", ...STREAMS, ...HTTP], ARRIVES) },
  reset: all([...STREAMS, ...HTTP], waits("connection")),
  reset_after: all(HTTP, waits("connection")),
  status_503: all(HTTP, waits("rejected")),
  status_500: all(HTTP, waits("rejected")),
  status_401: all(HTTP, waits("rejected")),
  disk_full: { file: waits("io") },
  read_only: { file: waits("io") },
  renamed: { file: ARRIVES },
  // What is signed with another time than that of the storage is refused.
  clock: { ...all(TABLE_SINKS, ARRIVES), S3: waits("rejected") },
};

const PAGE = `# What becomes of audit records when something fails

<!-- Generated from packages/compliance/scripts/fault-table.ts by pnpm generate. Do not edit. -->

Each cell is a test (\`packages/compliance/test/sinks/fault-table.test.ts\`): 600 records are sent while it lasts, it is mended, and every
record is looked for at the receiver, whole and in order.

`;

const LEGEND = `
| | accepted | exported | queued | dropped | gap records | alert |
| --- | --- | --- | --- | --- | --- | --- |
| waits | all | what the receiver has taken | the rest, until it is well again | none | none | \`TelemetryExportFailing\` with the reason in brackets; with a journal also \`AuditSinkLagging\` |
| arrives | all | all | what comes meanwhile | none | none | none |
| unseen | all | all | none | none | none: UDP has no answer, so that nobody knows what arrived | none |

Object storage refuses what is signed with a time that is a quarter of an hour off, until the clock is right again. At all times accepted is exported, dropped and queued together. A receiver may get records twice when it was cut off; their ids tell.

What happens where waiting ends, and to the journal itself (tests in \`packages/compliance/test/journal\` and \`apps/e2e/test/audit\`):

| | dropped, by \`reason\` | gap records | alert |
| --- | --- | --- | --- |
| without a journal, 20 000 records or 64 MB wait for a sink | the latest of whoever was refused most often, else the newest: \`queue_full\` | none, there is no journal | \`AuditRecordsDropped\` |
| without a journal, the gateway ends meanwhile | what waits, \`shutdown\` | none | the log says how many (\`audit_records_lost\`) |
| with a journal, the gateway ends or is killed | none: the sink goes on where it was | \`crash\` after a kill, for what was in memory | none |
| the journal is full, \`fail_open\` | the oldest records of the journal, also for a sink that has not had them | \`size\`, signed, before they are removed | \`AuditJournalFilling\` before |
| the disk of the journal takes nothing, \`fail_open\` | what memory does not hold, \`queue_full\` | with count and times, once it can be written | \`AuditRecordsDropped\`, \`AuditCheckpointOverdue\` |
| the disk of the journal takes nothing, \`fail_closed\` | none: nothing is done that is not written down | none | \`/health/ready\` is 503 |
| the disk of the journal hangs: a write neither ends nor fails | the same | the same | \`TelemetryExportFailing\` (\`timeout\`), and \`/health/ready\` after 5 s |
| a receiver refuses single records for good (400, 413, \`RecordsRefused\`) | these, \`rejected\` | none | \`AuditRecordsDropped\` |
| the clock is set | none | none | \`AuditClockStepped\` |
`;

/** The page `docs/reference/audit-faults.md`. */
export function faultsReference(): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const head = line(["", ...TABLE_SINKS]) + line(["", ...TABLE_SINKS].map(() => "---"));
  const rows = Object.entries(TABLE_FAULTS).map(([fault, what]) => {
    // The keys of an object of ours.
    const row = FAULT_TABLE[fault as TableFault];
    return line([what, ...TABLE_SINKS.map((sink) => cellOf(row[sink]))]);
  });
  return `${PAGE}${head}${rows.join("")}${LEGEND}`;
}

function cellOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "–";
  return outcome.kind === "waits" ? `waits (${outcome.reasons.join(", ")})` : outcome.kind;
}
