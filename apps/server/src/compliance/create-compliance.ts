import { readFileSync } from "node:fs";
import type { AuditJournal, FileSink, TrailPage, TrailQuery } from "@mcp-hangar/compliance";
import type { Platform } from "@mcp-hangar/core";
import { argsHashOf, KeyedHash } from "@mcp-hangar/delivery";
import {
  type AuditTrailSnapshot,
  type CallFinished,
  type EventIds,
  type Exporter,
  type Journal,
  knownSecrets,
} from "@mcp-hangar/telemetry";
import { DeferredEvents } from "../assemble/deferred-events.ts";
import type { ExporterList } from "../assemble/exporter-list.ts";
import type { Logger } from "../logging/logging.ts";
import { createCapture } from "./create-capture.ts";
import { formatOf, given } from "./create-format.ts";
import { batchOf, createSink } from "./create-sink.ts";
import { JournalWatch } from "./journal-watch.ts";
import { type ComplianceSection, type JournalSection, sinksOf } from "./options.ts";
import type { SinkOptions } from "./sink-options.ts";

/** The package, which is loaded only where it is used. */
export type CompliancePackage = typeof import("@mcp-hangar/compliance");

const DAY_MS = 86_400_000;
/** Time that sinks get beyond the end of the journal, which has given them until the deadline; in ms. */
const FAREWELL_MS = 500;

interface ComplianceEnvironment {
  readonly compliance: CompliancePackage;
  readonly platform: Platform;
  readonly logger: Logger;
  readonly ids: EventIds;
  /** Id of this run, which names the gateway in records. */
  readonly run: string;
  /** Key of the digest of arguments; there is none without. */
  readonly argsHashKey: string | undefined;
}

/** The audit trail of a gateway. */
export interface Compliance {
  /** Asked by whoever does work for callers; `undefined` when none is kept. */
  readonly journal: Journal | undefined;
  /** Reads the journal page by page; `undefined` when none is kept. */
  readonly trail: ((query: TrailQuery) => Promise<TrailPage>) | undefined;
  /** How it is kept. */
  snapshot(): AuditTrailSnapshot;
  /** Opens the files of sinks anew, for programs that have renamed them. */
  reopenFiles(): void;
}

/** Whether the section asks for anything. */
export function isComplianceWanted({ journal, output, sinks }: ComplianceSection): boolean {
  return journal !== undefined || Boolean(output) || sinks.length > 0;
}

/**
 * Adds the journal and every sink to the exporters of a gateway.
 * @throws Error when what the configuration says cannot work.
 */
export function addCompliance(
  exporters: ExporterList,
  section: ComplianceSection,
  environment: ComplianceEnvironment,
): Compliance {
  const { compliance, platform, logger, ids, run, argsHashKey } = environment;
  const sinks = sinksOf(section);
  const journal = section.journal && createJournal(section.journal, { sinks, capture: section.capture }, environment);
  if (journal !== undefined) exporters.add(journal.exporter);
  const recordOf = compliance.auditRecords({ ids, instance: run, ...hashedBy(argsHashKey) });
  const files: FileSink[] = [];
  for (const options of sinks) {
    const sink = createSink(options, exporterNameOf(options), { compliance, platform, logger });
    if (sink instanceof compliance.FileSink) files.push(sink);
    const exporter = new compliance.SinkExporter({
      sink,
      format: formatOf(options, compliance),
      filter: filterOf(options),
      source:
        journal === undefined
          ? { kind: "bus", recordOf }
          : { kind: "feed", open: compliance.journalFeed(journal.journal, options.name, journal.open) },
      ...given({ batch: batchOf(options) }),
      onProblem(problem) {
        if (problem === undefined) logger.info("audit_sink_recovered", { sink: options.name });
        else logger.warning("audit_sink_failing", { sink: options.name, message: problem });
      },
      clock: platform.clock,
      random: () => platform.random(),
    });
    const { listener } = exporter;
    // A journal defers by itself. Digests take time that callers must not wait for.
    const events =
      listener === undefined || argsHashKey === undefined ? undefined : new DeferredEvents(listener, platform.clock);
    exporters.add(asExporter(exporter, { sink: options.name, journal, events, logger }));
  }
  return {
    journal: journal?.journal,
    trail: journal?.trail,
    snapshot: () => journal?.watch.snapshot ?? { lags: [], journal: undefined },
    reopenFiles() {
      for (const file of files) file.reopen();
    },
  };
}

/** The name of a sink's exporter, which no other exporter has. */
function exporterNameOf({ name }: SinkOptions): string {
  return `audit_sink_${name}`;
}

interface KeptJournal {
  readonly journal: AuditJournal;
  readonly exporter: Exporter;
  /** Opens it once, whoever asks first. */
  readonly open: () => Promise<void>;
  readonly watch: JournalWatch;
  readonly trail: (query: TrailQuery) => Promise<TrailPage>;
}

type Capturing = ComplianceSection["capture"];

function createJournal(
  section: JournalSection,
  { sinks, capture: captureSection }: { readonly sinks: readonly SinkOptions[]; readonly capture: Capturing },
  { compliance, platform, logger, ids, run, argsHashKey }: ComplianceEnvironment,
): KeptJournal {
  const { folder, mode, max_bytes: bytesMax, keep_days: days, key_file: keyFile } = section;
  const privateKeyPem = keyFile === undefined ? undefined : readFileSync(keyFile, "utf8");
  knownSecrets.replace("audit journal", privateKeyPem === undefined ? [] : [privateKeyPem]);
  const captured = captureSection && createCapture(captureSection, compliance);
  const journal = new compliance.AuditJournal({
    folder,
    consumers: sinks.map(({ name }) => name),
    instance: run,
    ids,
    ...hashedBy(argsHashKey),
    capture: captured?.capture,
    mode,
    retentionMs: days * DAY_MS,
    bytesMax,
    checkpoint: { records: section.checkpoint_every_records, intervalMs: section.checkpoint_every_s * 1_000 },
    privateKeyPem,
    clock: platform.clock,
    random: () => platform.random(),
  });
  const watch = new JournalWatch({
    compliance,
    journal,
    folder,
    sinks: sinks.map((sink) => ({ name: sink.name, exporter: exporterNameOf(sink) })),
    checkpointIntervalMs: section.checkpoint_every_s * 1_000,
    clock: platform.clock,
    logger,
  });
  let opening: Promise<void> | undefined;
  const openJournal = async (): Promise<void> => {
    await captured?.ready;
    await journal.open();
  };
  const open = (): Promise<void> => {
    opening ??= openJournal().then(() => {
      const { sequence } = journal.head;
      logger.info("audit_journal_opened", { folder, mode, journal: journal.identity, sequence });
      watch.start();
    });
    return opening;
  };
  const exporter: Exporter = {
    name: journal.name,
    signal: journal.signal,
    listener: journal.listener,
    open,
    snapshot: () => journal.snapshot(),
    health: () => journal.health(),
    async close(deadlineMs) {
      watch.stop();
      await journal.close(deadlineMs);
      tellOfRest(logger, journal, "audit_records_lost");
    },
  };
  return { journal, exporter, open, watch, trail: (query) => compliance.readTrail(folder, query) };
}

interface SinkSurroundings {
  /** Its name in the configuration. */
  readonly sink: string;
  readonly journal: KeptJournal | undefined;
  /** Stands before its listener; `undefined` where it listens itself, or to nothing. */
  readonly events: DeferredEvents | undefined;
  readonly logger: Logger;
}

/** Its methods as members. A sink of a journal ends after it: the last record of the journal is for sinks, too. */
function asExporter(
  exporter: InstanceType<CompliancePackage["SinkExporter"]>,
  { sink, journal, events, logger }: SinkSurroundings,
): Exporter {
  return {
    name: exporter.name,
    signal: exporter.signal,
    ...given({ listener: events?.listener ?? exporter.listener }),
    open: () => exporter.open(),
    snapshot: () => exporter.snapshot(),
    health: () => exporter.health(),
    async close(deadlineMs) {
      events?.drain();
      await journal?.journal.close(deadlineMs);
      await exporter.close(journal === undefined ? deadlineMs : FAREWELL_MS);
      tellOfRest(logger, exporter, journal === undefined ? "audit_records_lost" : "audit_records_wait", sink);
    },
  };
}

/** Says at the end what was not delivered: it waits in the journal for the next start, or is lost. */
function tellOfRest(logger: Logger, exporter: Pick<Exporter, "name" | "snapshot">, event: string, sink?: string): void {
  const { queueSize = 0, dropped = {} } = exporter.snapshot?.() ?? {};
  const records = event === "audit_records_wait" ? queueSize : (dropped.shutdown ?? 0);
  if (records > 0) logger.warning(event, { exporter: exporter.name, ...given({ sink }), records });
}

/** The digest of arguments in the words of the package. */
function hashedBy(key: string | undefined) {
  const hash = key === undefined ? undefined : new KeyedHash(key);
  return given({ argsHash: hash && ((event: CallFinished) => argsHashOf(event, hash)) });
}

/** The filter of a sink in the words of the package. */
function filterOf({ filter = {} }: SinkOptions) {
  const { types, categories, min_severity: severityMin, servers } = filter;
  return given({ types, categories, severityMin, servers });
}
