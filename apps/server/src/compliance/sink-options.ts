import { AUDIT_CATEGORIES } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { RECORD_FORMATS } from "./record-formats.ts";
import { noSuchType, typesMatching } from "./record-types.ts";

const path = z.string().min(1).max(4_096);
const text = z.string().min(1).max(500);
const secret = z.string().min(1).max(4_096);
const port = z.int().min(1).max(65_535);
const httpUrl = z
  .url({ protocol: /^https?$/ })
  .refine((url) => URL.parse(url)?.username === "", { error: "a URL without credentials" });

const format = z
  .enum(RECORD_FORMATS)
  .optional()
  .describe(
    "How records are written. Without it `syslog` for syslog, `splunk-hec` for splunk, and `json-lines` for the others. Over syslog, the others are the message of RFC 5424.",
  );
const leefDelimiter = z
  .string()
  .regex(/^(?:(?![A-Za-z0-9=|?\\])[!-~]|0?x09)$/, "a mark other than = | ? and \\, or x09 for a tab")
  .optional()
  .describe("Between the attributes of LEEF: a mark, or `x09` for a tab. Without it `^`.");

/** Bytes of the longest datagram over IPv4: 65 535 less two headers. Structured data has no more over TCP either. */
export const UDP_BYTES_MAX = 65_507;

/** Names stand in metrics, in the journal's folder and on the command line. */
const name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,40}$/, "1–41 characters of a–z, 0–9, - and _; begins with a letter")
  .describe("Its name in metrics, in the log and for `mcp-hangar audit replay`; unlike that of the others.");

const filter = z
  .strictObject({
    types: z
      .array(text)
      .min(1)
      .max(200)
      .optional()
      .describe("Types such as `tool.call.denied`; `tool.call.*` is every type that begins so."),
    categories: z.array(z.enum(AUDIT_CATEGORIES)).min(1).optional().describe("Categories of records."),
    min_severity: z.int().min(0).max(10).optional().describe("Least severity, from 0 to 10."),
    servers: z.array(text).min(1).max(1_000).optional().describe("Records about these servers or groups only."),
  })
  .optional()
  .describe("Which records it gets: those that all of it lets pass. Without it all.");

const tls = z
  .strictObject({
    ca_file: path.optional().describe("PEM file of the authorities to trust instead of the public ones."),
    cert_file: path.optional().describe("PEM client certificate, together with `key_file`."),
    key_file: path.optional().describe("PEM key of the client certificate."),
    server_name: text.optional().describe("Name to verify instead of the host."),
  })
  .refine(({ cert_file: cert, key_file: key }) => (cert === undefined) === (key === undefined), {
    error: "cert_file and key_file together, or neither",
    path: ["cert_file"],
  })
  .optional()
  .describe("TLS towards the receiver; the files are read again for each connection.");
export type SinkTlsOptions = NonNullable<z.output<typeof tls>>;

const compress = z.boolean().default(true).describe("Compresses with gzip.");
const shared = { name, filter };

const file = z.strictObject({
  type: z.literal("file").describe("A file of lines: `file`."),
  path: path.describe("The file, on a local disk (mode 0600). One gateway a file. SIGHUP opens it anew."),
  max_bytes: z
    .int()
    .min(4_096)
    .max(1_099_511_627_776)
    .default(104_857_600)
    .describe("A file that would grow beyond it is given another name, `<path>.<time>`, and the next one begins."),
  max_age_s: z.number().min(60).max(31_622_400).optional().describe("As before, for a file that is older."),
  keep_files: z.int().min(1).max(100_000).optional().describe("Most of the files beside the one that is written."),
  keep_days: z
    .number()
    .positive()
    .max(36_600)
    .optional()
    .describe("For how long those are kept; without both forever."),
  compress_rotated: z.boolean().default(false).describe("Compresses files that are written no more."),
  format,
  leef_delimiter: leefDelimiter,
  ...shared,
});

const stderr = z.strictObject({
  type: z.literal("stderr").describe("Lines on stderr, between those of the log: `stderr`."),
  format,
  leef_delimiter: leefDelimiter,
  ...shared,
});

const syslog = z.strictObject({
  type: z.literal("syslog").describe("Messages of RFC 5424: `syslog`."),
  transport: z
    .enum(["tcp", "tls", "udp"])
    .default("tcp")
    .describe(
      "How they travel: over TCP or TLS behind their length (RFC 6587, RFC 5425), or as datagrams, which nobody confirms.",
    ),
  host: text.describe("Name or address of the receiver."),
  port: port.optional().describe("Without it 6514 for TLS and 514 for the others."),
  tls,
  facility: z.int().min(0).max(23).optional().describe("Facility of the messages; without it 13, log audit."),
  app_name: z
    .string()
    .regex(/^[!-~]{1,48}$/, "1–48 printable characters without spaces")
    .optional()
    .describe("Name of the program in the messages; without it `mcp-hangar`."),
  enterprise_number: z
    .int()
    .min(1)
    .max(4_294_967_295)
    .optional()
    .describe("Private enterprise number in the name of the structured data; without it 32473, the one for examples."),
  max_message_bytes: z
    .int()
    .min(4_096)
    .max(1_048_576)
    .optional()
    .describe(
      "Bytes that the receiver takes of a message, with its header; a longer one is cut. Structured data of `syslog` loses the ends of its longest values, what is in another format its end. Over UDP 65507 at most. Without it 8000 for `syslog`, and for the others 8192 over UDP and 65536 over TCP and TLS.",
    ),
  format,
  leef_delimiter: leefDelimiter,
  ...shared,
});

const splunk = z.strictObject({
  type: z.literal("splunk").describe("Splunk's HTTP Event Collector: `splunk`."),
  url: httpUrl.describe("Base URL of the collector, such as `https://splunk.example.com:8088`."),
  token: secret.describe("Token of the collector."),
  acknowledgement: z
    .boolean()
    .default(false)
    .describe("Counts records as delivered when they are indexed. The token must have it enabled."),
  index: text.optional().describe("Index; without it that of the token."),
  source: text.optional().describe("Source; without it `mcp-hangar`."),
  sourcetype: text.optional().describe("Source type; without it `mcp_hangar:audit`."),
  tls,
  compress,
  ...shared,
});

const webhook = z.strictObject({
  type: z.literal("webhook").describe("POST requests with one record a line: `webhook`."),
  url: httpUrl.describe("Where they go."),
  headers: z
    .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/), z.string().max(8_192))
    .default({})
    .describe("Sent with every request, such as `authorization`."),
  secret: webhookSecret("Signs requests as Standard Webhooks does: `whsec_` and Base64 of at least 24 bytes."),
  previous_secret: webhookSecret("The one before, by which requests are signed as well while receivers change over."),
  format,
  leef_delimiter: leefDelimiter,
  tls,
  compress,
  ...shared,
});

const s3 = z.strictObject({
  type: z.literal("s3").describe("Objects of lines in a bucket with the S3 API: `s3`."),
  endpoint: httpUrl.describe("Such as `https://s3.eu-central-1.amazonaws.com`, or that of another storage."),
  region: text.describe("Region that requests are signed for."),
  bucket: text.describe("The bucket; it must exist."),
  prefix: z
    .string()
    .max(200)
    .regex(/^[\w/.=-]*$/, "letters, digits and / _ . = -")
    .default("")
    .describe("What the names of objects begin with, such as `audit/`."),
  path_style: z.boolean().default(false).describe("The bucket is the first part of the path, and not of the host."),
  access_key_id: text.describe("Id of the key."),
  secret_access_key: secret.describe("The key."),
  session_token: secret.optional().describe("Of temporary credentials."),
  every_s: z
    .number()
    .min(1)
    .max(3_600)
    .default(60)
    .describe("An object is written after so many seconds, if there is something."),
  lock_mode: z
    .enum(["GOVERNANCE", "COMPLIANCE"])
    .optional()
    .describe("Locks objects, in a bucket with Object Lock; together with `lock_days`."),
  lock_days: z.number().positive().max(36_600).optional().describe("For how long objects are locked."),
  encryption: z.enum(["AES256", "aws:kms"]).optional().describe("Encryption by the storage."),
  encryption_key_id: text.optional().describe("Key of the storage for `aws:kms`."),
  conditional: z
    .boolean()
    .default(true)
    .describe(
      "An object that is there already is not written again; false for storages that do not know `If-None-Match`.",
    ),
  format,
  leef_delimiter: leefDelimiter,
  tls,
  ...shared,
});

/** One entry of `compliance.sinks`. */
export const sinkOptions = z
  .discriminatedUnion("type", [file, stderr, syslog, splunk, webhook, s3])
  .superRefine((sink, context) => {
    const complain = (key: string, message: string, ...below: readonly (string | number)[]): void =>
      context.addIssue({ code: "custom", path: [key, ...below], message, params: { statement: true } });
    for (const [place, type] of (sink.filter?.types ?? []).entries()) {
      if (typesMatching(type).length === 0) complain("filter", noSuchType(type), "types", place);
    }
    if (sink.type === "s3" && (sink.lock_mode === undefined) !== (sink.lock_days === undefined)) {
      complain("lock_mode", "set lock_mode and lock_days together, or neither");
    }
    if (sink.type === "syslog" && sink.transport !== "tls" && sink.tls !== undefined) {
      complain("tls", `nothing is encrypted over ${sink.transport}; set transport: tls, or leave this out`);
    }
    if (sink.type === "syslog" && sink.transport === "udp" && (sink.max_message_bytes ?? 0) > UDP_BYTES_MAX) {
      complain("max_message_bytes", `a datagram has ${UDP_BYTES_MAX} bytes at most; write no more, or use tcp or tls`);
    }
    const url = sink.type === "s3" ? sink.endpoint : "url" in sink ? sink.url : undefined;
    if (url !== undefined && "tls" in sink && sink.tls !== undefined && URL.parse(url)?.protocol === "http:") {
      complain("tls", "nothing is encrypted with an http:// URL; write https://, or leave this out");
    }
  });
export type SinkOptions = z.output<typeof sinkOptions>;

function webhookSecret(description: string) {
  return z
    .string()
    .refine(
      (value) => /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(value) && Buffer.from(value.slice(6), "base64").length >= 24,
      {
        error: "whsec_ and Base64 of at least 24 bytes; make one with: echo whsec_$(openssl rand -base64 32)",
      },
    )
    .optional()
    .describe(description);
}
