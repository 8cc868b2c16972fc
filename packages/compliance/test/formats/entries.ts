import { seededRandom } from "@mcp-hangar/delivery/testing";
import {
  type AuditRecord,
  auditRecordOf,
  checkpointRecordOf,
  EventIds,
  gapRecordOf,
  intentRecordOf,
} from "@mcp-hangar/telemetry";
import { SAMPLE_TIME_MS, type SampleText, sampleEvent, sampleEvents } from "@mcp-hangar/telemetry/testing";
import type { AuditEntry } from "../../src/index.ts";

const FRAGMENTS: Readonly<Record<string, string>> = {
  "separators of CEF": "a=b|c\\d\\=e\\|f cs1=forged suser=root",
  "separators of LEEF": "a^usrName=root^b\tc|d",
  "structured data": 'a"] [mcpHangar@32473 id="forged"] \\"b\\] c\\',
  "a second record after a line feed": "a\n<110>1 - - forged - - - b\r\nCEF:0|x|x|1|MH1000|x|1|suser=root",
  "a second record after a count": "a\n57 <110>1 - - forged - - - b",
  "a second record of JSON": '"}\n{"type":"forged"}',
  "NUL and C0": "a\u0000b\u0001\u0007\u0008\u001bc\u001f\u007f",
  "C1 and separators of lines": "a\u0085b\u009b31mc\u2028d\u2029e",
  "lone surrogates": "a\ud800b\udfffc",
  "right to left": "a\u202eb\u05d0\u0627\u202c",
  emoji: "👩‍👩‍👧‍👦🏳️‍🌈é日本",
  "100 KB": "x=|^]".repeat(20_000),
  "100 KB beyond the basic plane": "😀".repeat(25_000),
  backslashes: "\\\\\\n\\r\\",
  spaces: "  a  b  ",
  "a label": "cs1Label=x cn1=5",
  nothing: "",
};

/** Pieces of these, in an order by the seed. */
function mixture(seed: number): string {
  const parts = Object.values(FRAGMENTS).filter((text) => text.length < 1_000);
  const random = seededRandom(seed);
  const next = (below: number): number => Math.floor(random() * below);
  return Array.from({ length: 30 }, () => {
    const part = parts[next(parts.length)] ?? "";
    const from = next(part.length + 1);
    return part.slice(from, from + 1 + next(6));
  }).join("");
}

/** Texts that end a record, a value or a parser somewhere, and mixtures of them. */
export const HOSTILE: Readonly<Record<string, string>> = {
  ...FRAGMENTS,
  ...Object.fromEntries(Array.from({ length: 12 }, (_, seed) => [`a mixture by seed ${seed}`, mixture(seed)])),
};

const argsHash = (): string => "0e".repeat(32);
const ids = new EventIds("9f8e7d6c-0000-4000-8000-000000000000");

/** An entry of every type of record, and of calls and requests with every end, with this in each field that holds any text. */
export function entriesWith(text: SampleText = (usual) => usual): readonly AuditEntry[] {
  const events = sampleEvents().flatMap(
    (event) => auditRecordOf(event, { id: ids.of(event), instance: "gateway-1", argsHash }) ?? [],
  );
  return [...journalRecords(), ...events].map((record, index) => {
    return { record: withTexts(record, text), place: { sequence: index + 1, hash: "0f".repeat(32) } };
  });
}

/** What only a journal writes: intents, gaps and checkpoints. */
function journalRecords(): readonly AuditRecord[] {
  const { caller, client } = sampleEvent("call.finished");
  const stamp = (id: string) => ({ id, instance: "gateway-1" });
  const intents = (["call", "request", "operation"] as const).map((kind) => {
    const intent = { id: `${kind}-1`, kind, method: "prompts/get", server: "math", subject: "add", caller, client };
    return intentRecordOf(intent, "gateway-1", SAMPLE_TIME_MS);
  });
  const lost = { since: "2026-01-31T08:00:00.000Z", until: "2026-01-31T08:00:01.000Z" };
  const gap = gapRecordOf({ reason: "queue_full", count: 2, from: 3, to: 4, ...lost }, stamp("gap-1"), SAMPLE_TIME_MS);
  const position = { journal: "0a".repeat(16), sequence: 4_711, hash: "0b".repeat(32), reason: "interval" } as const;
  const signed = { ...position, key: "0c".repeat(8), signature: "d-".repeat(43) };
  return [...intents, gap, checkpointRecordOf(signed, stamp("checkpoint-1"), SAMPLE_TIME_MS)];
}

/** Enough of a text this long: every record with it would be hundreds of megabytes. */
const LONG = 10_000;

/** Entries with a hostile text in every field: one of every type of record, or of a long text one that has every field. */
export function hostileEntries(text: string | undefined): readonly AuditEntry[] {
  if (text === undefined) return entriesWith();
  return text.length < LONG ? entriesWith(() => text) : [fullEntry(() => text)];
}

/** Fields of closed lists, and those that the gateway makes. */
const OURS: ReadonlySet<string> = new Set(
  "id time type code category outcome trace_id span_id actor.type actor.transport target.kind decision.result".split(
    " ",
  ),
);

/** A record as a user may build it: no limit has been applied to its texts. */
function withTexts(record: AuditRecord, text: SampleText): AuditRecord {
  const visit = (value: unknown, path: string): unknown => {
    if (typeof value === "string") return OURS.has(path) ? value : text(value);
    if (Array.isArray(value)) return value.map((entry) => visit(entry, `${path}[]`));
    if (typeof value === "object" && value !== null) {
      const inside = path === "" ? "" : `${path}.`;
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, visit(inner, inside + name)]));
    }
    return value;
  };
  // The same fields with other texts.
  return visit(record, "") as AuditRecord;
}

/** The entry of a tool call that has every field, also those that only a journal gives to records of its own. */
export function fullEntry(text?: SampleText): AuditEntry {
  const entry = entriesWith(text).find(({ record }) => record.type === "tool.call.failed");
  if (entry === undefined) throw new Error("there is no sample of a failed call");
  return { ...entry, record: { ...entry.record, change: { before: "cold", after: "ready" }, ...ofJournal() } };
}

function ofJournal(): Pick<AuditRecord, "gap" | "checkpoint"> {
  const [gap, checkpoint] = journalRecords().slice(-2);
  return { ...(gap?.gap && { gap: gap.gap }), ...(checkpoint?.checkpoint && { checkpoint: checkpoint.checkpoint }) };
}

/** What is shown of a text by formats that cannot escape control characters; written down a second time. */
export function shown(text: string): string {
  let result = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) result += String.fromCodePoint(0x2400 + code);
    else if (code === 0x7f) result += "␡";
    else if (code === 0x85 || code === 0x2028 || code === 0x2029) result += "␤";
    else if ((code > 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000)) result += "�";
    else result += character;
  }
  return result;
}

/** The first code points. */
export function first(count: number, text: string): string {
  return Array.from(text).slice(0, count).join("");
}
