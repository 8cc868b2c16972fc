/** @module-tag openssl */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@mcp-hangar/delivery";
import { makeCertificate, poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAULT_TABLE, type Outcome, TABLE_FAULTS, type TableFault, type TableSink } from "../../scripts/fault-table.ts";
import type { AuditFormat, SinkExporter } from "../../src/index.ts";
import { distinct, systemClock, testFormat } from "./entries.ts";
import { droppedOf, emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import {
  type Fault,
  type FileFault,
  openCallback,
  openFile,
  openS3,
  openSplunk,
  openStream,
  openUdp,
  openWebhook,
  type Rig,
} from "./rigs.ts";

const RECORDS = 600;
const DAY_MS = 86_400_000;
/** Together more than systems buffer, where a fault shows only then. */
const longFormat: AuditFormat = {
  ...testFormat,
  encode: ({ record: { id } }) => JSON.stringify({ id, pad: "p".repeat(20_000) }),
};

let folder: string;
const text = (name: string): string => readFileSync(join(folder, name), "utf8");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-fault-table-"));
  makeCertificate(folder, "ca", { extension: "keyUsage=keyCertSign" });
  makeCertificate(folder, "server", { extension: "subjectAltName=IP:127.0.0.1", authority: "ca" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What befalls receivers. The clock is not theirs. */
const FAULTS: Readonly<Record<Exclude<TableFault, FileFault>, Fault>> = {
  refused: { kind: "refused" },
  hang: { kind: "broken", http: { kind: "hang" }, octets: { kind: "hang" } },
  slow: { kind: "broken", http: { kind: "slow", delayMs: 100 }, octets: { kind: "slow" } },
  reset: { kind: "broken", http: { kind: "reset" }, octets: { kind: "reset", afterBytes: 300_001 } },
  reset_after: { kind: "broken", http: { kind: "reset_after" } },
  status_503: { kind: "broken", http: { kind: "answer", answer: { status: 503 } } },
  status_500: { kind: "broken", http: { kind: "answer", answer: { status: 500 } } },
  status_401: { kind: "broken", http: { kind: "answer", answer: { status: 401 } } },
  clock: { kind: "none" },
};

const STREAMS: readonly TableSink[] = ["syslog, TCP", "syslog, TLS"];

async function open(sink: TableSink, fault: TableFault, clock: Clock): Promise<Rig> {
  if (sink === "file") {
    const own = join(folder, `file-${fault}`);
    mkdirSync(own);
    return openFile(isOfFiles(fault) ? fault : "none", own, clock);
  }
  if (isOfFiles(fault)) throw new Error(`${fault} does not befall ${sink}`);
  const client = { caFile: join(folder, "ca.pem") };
  const server = { key: text("server.key"), cert: text("server.pem") };
  const rigs = {
    callback: openCallback,
    "syslog, UDP": openUdp,
    "syslog, TCP": openStream(),
    "syslog, TLS": openStream({ server, client }),
    Splunk: openSplunk,
    webhook: openWebhook,
    S3: openS3,
  };
  return rigs[sink](FAULTS[fault], clock);
}

function isOfFiles(fault: TableFault): fault is TableFault & FileFault {
  return fault === "disk_full" || fault === "read_only" || fault === "renamed";
}

/** A clock that somebody sets; what cannot be set goes on. */
class SetClock implements Clock {
  offsetMs = 0;
  nowMs = (): number => systemClock.nowMs();
  wallMs = (): number => systemClock.wallMs() + this.offsetMs;
  schedule: Clock["schedule"] = (delayMs, callback) => systemClock.schedule(delayMs, callback);
  defer: Clock["defer"] = (callback) => systemClock.defer(callback);
}

async function expectOutcome(outcome: Outcome, exporter: SinkExporter, rig: Rig): Promise<void> {
  const exact = (isSo: () => boolean) => () => {
    expectExact(exporter);
    return isSo();
  };
  if (outcome.kind === "unseen") {
    await poll(
      "all to be sent",
      exact(() => exporter.snapshot().delivered === RECORDS),
    );
    expect([failuresOf(exporter.snapshot()), rig.ids()]).toEqual([0, []]);
    return;
  }
  if (outcome.kind === "waits") {
    await poll(
      "the fault",
      exact(() => failuresOf(exporter.snapshot()) >= 2),
    );
    const { delivered, queueSize } = exporter.snapshot();
    expect(queueSize).toBeGreaterThan(0);
    expect(delivered + queueSize).toBe(RECORDS);
  } else {
    await poll(
      "some to arrive",
      exact(() => exporter.snapshot().delivered > 0),
    );
  }
  await rig.mend();
  const haveAll = (): boolean => exporter.snapshot().queueSize === 0 && distinct(rig.ids()).length === RECORDS;
  await poll("all records", exact(haveAll));
  expect(distinct(rig.ids())).toEqual(eventIds(RECORDS));
  const { delivered, failures } = exporter.snapshot();
  expect([delivered, droppedOf(exporter.snapshot())]).toEqual([RECORDS, 0]);
  const seen = Object.entries(failures).flatMap(([reason, count]) => (count > 0 ? [reason] : []));
  if (outcome.kind === "waits") expect(outcome.reasons).toEqual(expect.arrayContaining(seen));
}

// The keys of an object of ours.
const faults = Object.keys(TABLE_FAULTS) as readonly TableFault[];

describe.each(faults)("when this happens: %s", (fault) => {
  for (const [name, outcome] of Object.entries(FAULT_TABLE[fault])) {
    // As above.
    const sink = name as TableSink;
    const tags = fault === "disk_full" || fault === "read_only" ? ["tmpfs"] : [];
    test(`${sink}: ${outcome.kind}`, { tags }, async () => {
      const clock = new SetClock();
      const opened = await open(sink, fault, clock);
      const rig: Rig = {
        ...opened,
        mend() {
          clock.offsetMs = 0;
          return opened.mend();
        },
      };
      const mayTimeOut = outcome.kind === "waits" && outcome.reasons.includes("timeout");
      const exporter = exporterOver(rig.sink, {
        format: STREAMS.includes(sink) ? longFormat : testFormat,
        ...(mayTimeOut && { attemptTimeoutMs: 500 }),
        clock,
      });
      try {
        emit(exporter, RECORDS / 3);
        if (fault === "clock") clock.offsetMs = DAY_MS;
        emit(exporter, RECORDS / 3, 1 + RECORDS / 3);
        if (fault === "clock" && outcome.kind === "arrives") {
          await poll("some to arrive", () => exporter.snapshot().delivered > 0);
          clock.offsetMs = -DAY_MS;
        }
        emit(exporter, RECORDS / 3, 1 + (2 * RECORDS) / 3);
        await expectOutcome(outcome, exporter, rig);
      } finally {
        await exporter.close(10_000);
        await rig.close();
      }
      expectExact(exporter);
    });
  }
});
