import { AUDIT_TYPES, type AuditRecord } from "@mcp-hangar/telemetry";
import { describe, expect, test } from "vitest";
import { type AuditEntry, CefFormat } from "../../src/index.ts";
import { parseCef } from "./cef-parser.ts";
import { first, fullEntry, HOSTILE, hostileEntries, shown } from "./entries.ts";

const format = new CefFormat({ vendor: "V|endor", name: "Pro\\duct", version: "1.2\n3" });

/** What a value is after the cut of the dictionary; CR and LF have escapes. */
function value(text: string | undefined, max: number): string | undefined {
  if (text === undefined || text === "") return undefined;
  return first(max, text)
    .split(/([\r\n])/)
    .map((part) => (/[\r\n]/.test(part) ? part : shown(part)))
    .join("");
}

/** Entries of lists, as the documentation says they are written. */
function list(entries: readonly string[] | undefined): string | undefined {
  return entries?.map((entry) => entry.replaceAll("\\", "\\\\").replaceAll(",", "\\,")).join(",");
}

function number(given: number | undefined): string | undefined {
  return given === undefined ? undefined : String(given);
}

/** Where each field stands, written down a second time. */
function expected({ record, place }: AuditEntry): Readonly<Record<string, string | undefined>> {
  const { actor, target, usage, batch, gap, checkpoint } = record;
  const free = (text: string | undefined) => value(text, 4_000);
  const usual = (text: string | undefined) => value(text, 1_023);
  const time = Date.parse(record.time);
  const attempts = record.attempts?.map(({ server, code, duration_ms }) => `${server} ${code} ${duration_ms}`);
  const isAddress = actor.address === "192.0.2.7";
  return {
    McpHangarSchemaVersion: "1",
    externalId: record.id.length <= 40 ? record.id : undefined,
    McpHangarEventId: record.id.length > 40 ? record.id : undefined,
    rt: String(time),
    deviceExternalId: value(record.instance, 255),
    cat: record.type,
    McpHangarCategory: record.category,
    act: value(record.action, 63),
    McpHangarOutcome: record.outcome,
    outcome: outcomeWord(record.outcome),
    reason: usual(record.reason),
    McpHangarActorType: usual(actor.type),
    suser: usual(actor.id),
    suid: usual(actor.credential),
    spriv: usual(list(actor.roles)),
    McpHangarTokenIssuer: usual(actor.token_issuer),
    McpHangarTokenSubject: usual(actor.token_subject),
    McpHangarTokenActors: usual(list(actor.token_actors)),
    src: isAddress ? actor.address : undefined,
    shost: isAddress ? undefined : usual(actor.address),
    requestClientApplication: usual(actor.user_agent),
    sourceServiceName: usual(actor.client_name),
    McpHangarClientVersion: usual(actor.client_version),
    McpHangarTransport: usual(actor.transport),
    cs1: free(target.name),
    cs2: free(record.trace_id),
    cs3: free(actor.session_id),
    cs4: free(record.change?.before),
    cs5: free(record.change?.after),
    cs6: free(record.decision?.by),
    McpHangarTargetKind: target.kind,
    destinationServiceName: usual(target.server),
    McpHangarTargetGroup: usual(target.group),
    McpHangarDecisionResult: record.decision?.result,
    McpHangarSpanId: usual(record.span_id),
    McpHangarCorrelationId: usual(record.correlation_id),
    McpHangarUserId: usual(record.user_id),
    McpHangarUserSessionId: usual(record.user_session_id),
    cfp1: number(record.duration_ms),
    cfp2: number(usage?.cost),
    start: record.duration_ms === undefined ? undefined : String(Math.round(time - record.duration_ms)),
    end: record.duration_ms === undefined ? undefined : String(time),
    McpHangarAttempts: usual(list(attempts)),
    in: number(record.request_bytes),
    out: number(record.response_bytes),
    McpHangarRpcErrorCode: number(record.rpc_error_code),
    McpHangarArgsHash: usual(record.args_hash),
    McpHangarBatchId: usual(batch?.id),
    McpHangarBatchIndex: number(batch?.index),
    McpHangarBatchAttempt: number(batch?.attempt),
    McpHangarCurrency: usual(usage?.currency),
    McpHangarModel: usual(usage?.model),
    cn1: number(place?.sequence),
    cn2: number(usage?.input_tokens),
    cn3: number(usage?.output_tokens),
    msg: usual(record.message),
    McpHangarGapReason: usual(gap?.reason),
    McpHangarGapCount: number(gap?.count),
    McpHangarGapFrom: number(gap?.from),
    McpHangarGapTo: number(gap?.to),
    McpHangarGapSince: usual(gap?.since),
    McpHangarGapUntil: usual(gap?.until),
    McpHangarCheckpointJournal: usual(checkpoint?.journal),
    McpHangarCheckpointSequence: number(checkpoint?.sequence),
    McpHangarCheckpointHash: usual(checkpoint?.hash),
    McpHangarCheckpointReason: usual(checkpoint?.reason),
    McpHangarCheckpointKey: usual(checkpoint?.key),
    McpHangarCheckpointSignature: usual(checkpoint?.signature),
    McpHangarHash: place?.hash,
  };
}

function outcomeWord(outcome: AuditRecord["outcome"]): string | undefined {
  if (outcome === "unknown") return undefined;
  return outcome === "success" ? "success" : "failure";
}

const LABELS = /^(?:cs|cn|cfp|c6a)\dLabel$/;

describe.each([["what is usual", undefined] as const, ...Object.entries(HOSTILE)])(
  "with %s in every field",
  (_, text) => {
    test.each([["every type of record", hostileEntries(text)]])("%s is read back", (_all, entries) => {
      for (const entry of entries) {
        const line = format.encode(entry);
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        const { header, extension } = parseCef(line);
        expect(header).toEqual([
          "CEF:0",
          "V|endor",
          "Pro\\duct",
          "1.2␊3",
          entry.record.code,
          AUDIT_TYPES[entry.record.type].description,
          String(entry.record.severity),
        ]);
        const values = Object.fromEntries(Object.entries(extension).filter(([key]) => !LABELS.test(key)));
        expect(values).toEqual(
          Object.fromEntries(Object.entries(expected(entry)).filter(([, found]) => found !== undefined)),
        );
      }
    });
  },
);

test("keys that are free for any use have their label, and no other key has one", () => {
  const { extension } = parseCef(format.encode(fullEntry()));
  const labels = Object.keys(extension).filter((key) => LABELS.test(key));
  const labelled = Object.keys(extension).filter((key) => /^(?:cs|cn|cfp|c6a)\d$/.test(key));
  expect(labels.toSorted()).toEqual(labelled.map((key) => `${key}Label`).toSorted());
  expect(extension).toMatchObject({
    cs1Label: "target",
    cs2Label: "traceId",
    cn1Label: "sequence",
    cfp1Label: "durationMs",
  });
});

describe("an address stands where its kind belongs", () => {
  test.each([
    ["192.0.2.7", { src: "192.0.2.7" }],
    ["2001:db8::7", { c6a2: "2001:db8::7", c6a2Label: "Source IPv6 Address" }],
    ["fe80::1%eth0", { shost: "fe80::1%eth0" }],
    ["proxy.example", { shost: "proxy.example" }],
  ])("%s", (address, places) => {
    const { record } = fullEntry();
    const { extension } = parseCef(format.encode({ record: { ...record, actor: { ...record.actor, address } } }));
    const { src, c6a2, c6a2Label, shost } = extension;
    expect(JSON.parse(JSON.stringify({ src, c6a2, c6a2Label, shost }))).toEqual(places);
  });
});

test("an id that is longer than the dictionary allows is not cut, but stands under a key of ours", () => {
  const id = `9f8e7d6c-0000-4000-8000-000000000000-e${100}`;
  const { extension } = parseCef(format.encode({ record: { ...fullEntry().record, id } }));
  expect(extension.externalId).toBeUndefined();
  expect(extension.McpHangarEventId).toBe(id);
});

test("a severity outside of the scale is brought into it", () => {
  const severityOf = (severity: number) =>
    parseCef(format.encode({ record: { ...fullEntry().record, severity } })).header[6];
  expect([-1, Number.NaN, 4.4, 99].map(severityOf)).toEqual(["0", "0", "4", "10"]);
});
