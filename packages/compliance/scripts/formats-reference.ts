import { AUDIT_FIELDS, type AuditField } from "../src/formats/audit-fields.ts";
import { cefPlace } from "../src/formats/cef.ts";
import { ecsPlace } from "../src/formats/ecs.ts";
import { leefPlace } from "../src/formats/leef.ts";
import { ocsfPlace } from "../src/formats/ocsf.ts";
import {
  type AuditFormat,
  CefFormat,
  EcsFormat,
  JsonLinesFormat,
  LeefFormat,
  OcsfFormat,
  SplunkHecFormat,
  SyslogFormat,
} from "../src/index.ts";
import { sampleEntry } from "./sample-entry.ts";

const INTRODUCTION = `# Formats of audit records

<!-- Generated from packages/compliance/src/formats by pnpm generate. Do not edit. -->

What an [audit record](audit.md) says, and where it stands in each format. A field that a record does not have is left out everywhere.
\`sequence\` and \`hash\` are the place of the record in the journal; where none is kept they are absent. \`captured\`, encrypted arguments and results, stands
in \`json-lines\` and \`splunk-hec\` alone, which are whole records.

| Format | Class | One record |
| --- | --- | --- |
| \`cef\` | \`CefFormat\`, \`CEFExporter\` | Common Event Format, \`CEF:0\`, implementation standard version 27 |
| \`leef\` | \`LeefFormat\`, \`LEEFExporter\` | Log Event Extended Format 2.0 of QRadar |
| \`json-lines\` | \`JsonLinesFormat\`, \`JSONLinesExporter\` | a JSON object by the [schema](audit-record.schema.json), with \`sequence\` and \`hash\` |
| \`syslog\` | \`SyslogFormat\`, \`SyslogExporter\` | a whole message of RFC 5424 with structured data |
| \`syslog+cef\`, … | \`SyslogEnvelope\` | a whole message of RFC 5424 that carries a record in another format |
| \`ecs\` | \`EcsFormat\` | a JSON object by the Elastic Common Schema 9.4 |
| \`ocsf\` | \`OcsfFormat\` | a JSON object by the Open Cybersecurity Schema Framework 1.9 |
| \`splunk-hec\` | \`SplunkHecFormat\` | an event of Splunk's HTTP Event Collector |`;

const PLACES = `## Where each field stands

In brackets: the label of a key of CEF that is free for any use, and how many characters the key holds. Of OCSF the table has the places in
a tool call.`;

const RULES = `What follows from these stands there as well. CEF: the description of the type as its name, \`outcome\` in one of two words, \`start\` and \`end\`,
and the labels. LEEF: \`sev\`. syslog: the type as MSGID, and its description as MSG. ECS: \`event.kind\`, \`category\`, \`type\` and \`outcome\`, \`source.ip\`,
\`gen_ai.tool.name\`, and \`error.type\` and \`error.message\` of what failed. Splunk: \`time\` and \`host\`, and type, code, outcome and severity as indexed fields.

OCSF: tool calls, other requests, management and refused access are API Activity (6003), sessions and failed authentication
Authentication (3002), servers, configuration and the gateway Application Lifecycle (6002). What a class has no place for stands in \`unmapped\`
under the name of the record. Profiles are named where they apply: \`trace\`, \`security_control\` (what was allowed or denied), \`ai_operation\` (who
acts on behalf of the subject of a token is \`ai_agent\`, under a \`delegation\` of the token's issuer; models and tokens that a server reports) and
\`record_integrity\` (the hash of the journal, whose serialisation is not that of OCSF: \`serialization\` says so).

## Texts

| | separators | CR and LF | other control characters | lists | cuts |
| --- | --- | --- | --- | --- | --- |
| CEF | \`\\\` and \`=\` have a backslash before them, in the header \`\\\` and \`\\|\` | \`\\r\`, \`\\n\` | pictures | commas | by the table |
| LEEF | the delimiter becomes \`?\`; LEEF has no escape | pictures | pictures | commas | \`usrName\` 255, others 4000 |
| syslog | \`"\`, \`\\\` and \`]\` have a backslash before them | pictures | pictures | commas | until the message has at most \`bytesMax\` bytes (8000) |
| JSON lines, Splunk, ECS, OCSF | by JSON | by JSON | by JSON, also DEL to U+009F, U+2028, U+2029 | lists | none |

Pictures are U+2400 and the following for C0 (\`␊\` for a line feed), \`␡\` for DEL, \`␤\` for U+0085, U+2028 and U+2029, and \`�\` for the rest of C1. Half a
surrogate pair is \`�\` everywhere. In lists that are separated by commas a comma or backslash of an entry has a backslash before it, and an attempt is
its server, its code and its milliseconds. Texts are cut between code points, and \`id\` and \`hash\` are never cut: an id of more than 40 characters,
which \`externalId\` may not have, stands under \`McpHangarEventId\`.

No format writes a control character but the delimiter of LEEF where that is a tab, so that no record can end a line, a frame or a message early.`;

const SEVERITIES = `## Severity and outcome

| Record | CEF | LEEF \`sev\` | syslog | ECS \`event.severity\` | OCSF \`severity_id\` |
| --- | --- | --- | --- | --- | --- |`;

const OUTCOMES = `| Record | CEF \`outcome\` | ECS \`event.outcome\` | OCSF \`status\` |
| --- | --- | --- | --- |
| success | success | success | Success (1) |
| failure | failure | failure | Failure (2) |
| denied | failure | failure | Failure (2) |
| cancelled | failure | unknown | Cancelled (99) |
| unknown | (absent) | unknown | Unknown (0) |

The word of the record stands beside it: \`McpHangarOutcome\`, \`mcp_hangar.outcome\`, \`unmapped.outcome\`; LEEF, syslog and JSON lines have no other.`;

const SYSLOG_WORDS = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];

/** The page `docs/reference/audit-formats.md`. */
export function formatsReference(): string {
  const table = [
    "| Field | CEF | LEEF | syslog | JSON lines | Splunk | ECS | OCSF |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...AUDIT_FIELDS.map((field) => `| ${code(field)} | ${placesOf(field).map(code).join(" | ")} |`),
  ];
  const severities = Array.from(
    { length: 11 },
    (_, severity) => `| ${severity} | ${severitiesOf(severity).join(" | ")} |`,
  );
  const sections = [INTRODUCTION, PLACES, table.join("\n"), RULES, `${SEVERITIES}\n${severities.join("\n")}`, OUTCOMES];
  return `${[...sections, "## Samples", samples()].join("\n\n")}\n`;
}

/** One line of each format, as it really is written; the README has the same. */
export function samples(): string {
  const host = { hostname: "gateway.example" };
  const product = { vendor: "MCP Hangar", name: "MCP Hangar", version: "1.0.0" };
  const formats: readonly AuditFormat[] = [
    new CefFormat(product),
    new LeefFormat({ product }),
    new JsonLinesFormat(),
    new SyslogFormat(host),
    new EcsFormat(product),
    new OcsfFormat(product),
    new SplunkHecFormat(),
  ];
  return formats
    .map((format) => `\`${format.name}\`:\n\n\`\`\`text\n${format.encode(sampleEntry)}\n\`\`\``)
    .join("\n\n");
}

function placesOf(field: AuditField): readonly string[] {
  return [cefPlace(field), leefPlace(field), field, field, `event.${field}`, ecsPlace(field), ocsfPlace(field)];
}

/** What the formats themselves make of a severity. */
function severitiesOf(severity: number): readonly string[] {
  const entry = { ...sampleEntry, record: { ...sampleEntry.record, severity } };
  const cef = new CefFormat().encode(entry).split("|")[6] ?? "";
  const leef = /\^sev=(\d+)/.exec(new LeefFormat().encode(entry))?.[1] ?? "";
  const priority = Number(/^<(\d+)>/.exec(new SyslogFormat().encode(entry))?.[1]) % 8;
  // Our own format writes it.
  const ocsf = JSON.parse(new OcsfFormat().encode(entry)) as {
    readonly severity_id: number;
    readonly severity: string;
  };
  return [cef, leef, `${priority} ${SYSLOG_WORDS[priority]}`, String(severity), `${ocsf.severity_id} ${ocsf.severity}`];
}

function code(text: string): string {
  return text
    .split(", ")
    .map((one) => (one.startsWith("in the header") ? one : one.replace(/^[^ ]+/, "`$&`")))
    .join(", ");
}
