import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max } from "../promql/aggregate.ts";
import { maxOverTime } from "../promql/functions.ts";
import { log, query, see, shell } from "./look.ts";

/** An audit trail that is not whole, not signed, not on its way, or without room. */
export function audit(context: Context): readonly Runbook[] {
  return [
    sinkLagging(context),
    journalFilling(context),
    chainBroken(context),
    checkpointOverdue(context),
    clockStepped(context),
  ];
}

function sinkLagging({ options, rules }: Context): Runbook {
  const { level } = options.alerts.AuditSinkLagging;
  const waiting = rules.series(catalog.telemetryQueueSize, { signal: "audit" });
  return {
    alert: "MCPHangarAuditSinkLagging",
    meaning: `The oldest record that the sink in the alert has not had is older than ${level} s.`,
    impact: `Calls are not affected, and nothing is lost: records wait in the journal. When it is full they are, and ${see("AuditJournalFilling")} comes before that.`,
    confirm: [
      { question: "How many records wait?", look: query(max(waiting, by("instance", "exporter"))) },
      { question: "What do its receivers say?", look: log(["audit_sink_failing", "audit_sink_recovered"], "message") },
    ],
    causes: [
      {
        cause: "The receiver does not take records",
        sign: `The log says why; ${see("TelemetryExportFailing")} fires as well.`,
        mend: "Bring it back, renew its key or certificate. The sink resumes by itself and sends what waits, the oldest first.",
      },
      {
        cause: "The receiver is too slow",
        sign: "No failures; the lag grows while many call and falls afterwards.",
        mend: "A faster receiver, or a filter (`compliance.sinks[].filter`) that leaves out what it does not need.",
      },
    ],
    actions: ["Do not restart the gateway for it: a restart changes nothing, and the place of the sink is kept."],
    escalate: "The lag grows for hours and the journal is above half.",
    resolves: "When the sink has had what is old.",
  };
}

function journalFilling({ options, rules }: Context): Runbook {
  const { level } = options.alerts.AuditJournalFilling;
  const lag = max(rules.series(catalog.auditLag), by("instance", "exporter"));
  return {
    alert: "MCPHangarAuditJournalFilling",
    meaning: `More than ${level * 100} % of the room for the journal is taken: of \`compliance.journal.max_bytes\`, or of the disk where that has less.`,
    impact:
      "When it is full, `fail_open` drops the oldest records and the journal says so; with `fail_closed` nothing is done any more, and calls end with `audit_unavailable`.",
    confirm: [
      { question: "Is a sink behind? (s)", look: query(lag) },
      { question: "Who takes the room of the disk?", look: shell("df -h") },
    ],
    causes: [
      {
        cause: "A sink is behind, so that records cannot be removed",
        sign: "Its lag is days.",
        mend: `${see("AuditSinkLagging")} has the steps. A sink that is not wanted any more is taken out of \`compliance.sinks\`.`,
      },
      {
        cause: "There are more records than were expected",
        sign: "No sink is behind.",
        mend: "A larger `compliance.journal.max_bytes` where the disk has room, or fewer `compliance.journal.keep_days` where the rules of your house allow it.",
      },
      {
        cause: "Something else fills the disk",
        sign: "The journal is small, the disk is full.",
        mend: "Free space; give the journal a disk of its own.",
      },
    ],
    actions: ["Never remove files of the journal by hand: verification finds them missing."],
    escalate: "The mode is `fail_closed` and the room ends within hours.",
    resolves: "When there is room again.",
  };
}

function chainBroken({ rules }: Context): Runbook {
  const problems = max(rules.series(catalog.auditChainProblems), by("instance"));
  return {
    alert: "MCPHangarAuditChainBroken",
    meaning:
      "The gateway verifies its journal when it starts and every day. It found records that are not as they were written.",
    impact:
      "The audit trail of that time proves nothing any more, unless sinks have the records. Calls are not affected.",
    confirm: [
      { question: "How many places?", look: query(problems) },
      { question: "Is it so now?", look: shell("mcp-hangar audit verify") },
      { question: "Where?", look: log("audit_chain_broken", "problem", "segment", "sequence", "expected", "found") },
    ],
    causes: [
      {
        cause: "Somebody has altered the files",
        sign: "`edited`, `missing`, `inserted` or `reordered`, and the disk is well.",
        mend: "It is an incident of security. Preserve the folder as it is; what sinks have received tells what was there.",
      },
      {
        cause: "The disk is damaged",
        look: shell("dmesg | tail"),
        sign: "`unreadable`, and errors of the disk.",
        mend: "Replace the disk. Copy the folder before, and keep the copy.",
      },
      {
        cause: "A backup was put in the place of the journal",
        sign: "`truncated`, or a checkpoint that fits no record.",
        mend: "Give the gateway a new folder, and keep the old one for verification.",
      },
    ],
    actions: [
      "Copy the folder of the journal with its times, before anything else is done.",
      "Verify the copy on another machine with the key and the checkpoints that your sinks have (`--journal`, `--public-key`, `--checkpoints`).",
      "Write down what was found and when, and who could write to the folder.",
    ],
    escalate: "Always, at once: to whoever answers for security and compliance.",
    resolves: "When a verification finds nothing: with a new folder, after a restart.",
  };
}

function checkpointOverdue({ options, rules }: Context): Runbook {
  const { level } = options.alerts.AuditCheckpointOverdue;
  const overdue = max(rules.series(catalog.auditCheckpointOverdue), by("instance"));
  return {
    alert: "MCPHangarAuditCheckpointOverdue",
    meaning: `A signed checkpoint was due more than ${level} s ago, and there are records after the last one.`,
    impact:
      "Who can write to the disk could cut off or alter the records since then unseen. They are written all the same.",
    confirm: [
      { question: "For how long? (s)", look: query(overdue) },
      { question: "Does the journal write at all?", look: shell("curl -sS http://127.0.0.1:8000/health/ready") },
    ],
    causes: [
      {
        cause: "The journal cannot be written",
        look: shell("df -h"),
        sign: "Readiness says that audit records cannot be written.",
        mend: "Free space, or give the folder back to the user of the gateway.",
      },
      {
        cause: "A defect",
        sign: "Records are written, and no checkpoint among them.",
        mend: "Report it with the version. A restart signs everything that is there.",
      },
    ],
    actions: ["If nothing helps, restart the gateway: it signs when it stops and when it starts."],
    escalate: "Not at night, unless calls are refused.",
    resolves: "With the next checkpoint.",
  };
}

function clockStepped({ rules }: Context): Runbook {
  const steps = maxOverTime(rules.series(catalog.auditClockStep), "1h");
  return {
    alert: "MCPHangarAuditClockStepped",
    meaning: "The clock of the machine was set while the gateway ran, by more than clocks are wrong by.",
    impact:
      "Times of records before and after cannot be compared. Their numbers are in order, and nothing is removed early because of it.",
    confirm: [
      { question: "By how much? (s)", look: query(max(steps, by("instance"))) },
      { question: "Is the clock right now?", look: shell("date -u") },
    ],
    causes: [
      {
        cause: "The machine slept, was moved or was restored",
        sign: "One large step, and the clock is right now.",
        mend: "Nothing; write it down.",
      },
      {
        cause: "Time synchronisation was away",
        sign: "The clock is wrong, or was before the step.",
        mend: "Mend it (chrony, systemd-timesyncd); let it slew instead of step.",
      },
      {
        cause: "Somebody has set the clock",
        sign: "None of these.",
        mend: "Ask who, and why: a wrong time hides when something was done.",
      },
    ],
    actions: ["Note the time and the size of the step beside the trail."],
    escalate: "Not at night, unless nobody knows who did it.",
    resolves: "A quarter of an hour after the step.",
  };
}
