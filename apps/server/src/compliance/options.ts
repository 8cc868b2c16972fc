import { z } from "zod";
import { OutputProblem, sinkOfOutput } from "./output-sink.ts";
import { RECORD_FORMATS } from "./record-formats.ts";
import { type SinkOptions, sinkOptions } from "./sink-options.ts";

const journalOptions = z.strictObject({
  folder: z
    .string()
    .min(1)
    .max(4_096)
    .describe("Folder on a local disk, made if need be (mode 0700). One gateway a folder: each replica has its own."),
  mode: z
    .enum(["fail_open", "fail_closed"])
    .default("fail_open")
    .describe(
      "What happens while records cannot be written. `fail_open`: calls go on, and the journal says later what is missing. `fail_closed`: nothing is sent to a server before the intent is on the disk, nothing is answered before the outcome is; otherwise `audit_unavailable`.",
    ),
  max_bytes: z
    .int()
    .min(1_048_576)
    .max(17_592_186_044_416)
    .default(8_000_000_000)
    .describe(
      "Bytes of all records. A full journal drops its oldest records and says so with `fail_open`, and takes no more with `fail_closed`.",
    ),
  keep_days: z
    .number()
    .positive()
    .max(36_600)
    .default(184)
    .describe(
      "How long records are kept at least; longer while a sink has not had them. 184 days are never less than six months.",
    ),
  checkpoint_every_records: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000)
    .describe("A signed checkpoint follows after so many records."),
  checkpoint_every_s: z
    .number()
    .min(1)
    .max(86_400)
    .default(300)
    .describe("And at the latest so many seconds after a record."),
  key_file: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe(
      "Ed25519 key that signs checkpoints (PKCS #8 in PEM): `openssl genpkey -algorithm ed25519`. Without it one is made in the folder.",
    ),
});
export type JournalSection = z.output<typeof journalOptions>;

const captureOptions = z
  .strictObject({
    public_key_file: z
      .string()
      .min(1)
      .max(4_096)
      .describe(
        "PEM file of the public key that payloads are encrypted to (X25519, P-256, P-384, P-521, or RSA from 2048 bits on). The private one stays with those who may read.",
      ),
    key_id: z.string().min(1).max(200).optional().describe("Name of the key, in the header of what is encrypted."),
    tools: z
      .array(z.string().min(1).max(300))
      .min(1)
      .max(1_000)
      .describe('Of which calls: globs `<server>/<tool>`, or `<server>` for all of it; `"*"` for every call.'),
    arguments: z.boolean().default(true).describe("Captures what calls are given."),
    results: z.boolean().default(false).describe("Captures what calls give back."),
    redact: z
      .boolean()
      .default(true)
      .describe(
        "Replaces secrets before: values of names such as `password`, and what is known or looks like a secret.",
      ),
    max_bytes: z
      .int()
      .min(256)
      .max(262_144)
      .default(16_384)
      .describe("Bytes of arguments, and of a result, as JSON; what is larger is left out, and the record says so."),
  })
  .refine(({ arguments: args, results }) => args || results, { error: "arguments, results, or both" })
  .describe(
    "Arguments and results of calls in their records in the journal, encrypted: `mcp-hangar audit export --decrypt` reads them.",
  );
export type CaptureSection = z.output<typeof captureOptions>;

/** The section `compliance` of the configuration. */
export const complianceOptions = z
  .strictObject({
    output: z
      .string()
      .max(2_048)
      .optional()
      .describe(
        "One sink in short: `stderr`, `syslog://host:port` (TCP; also `syslog+udp://`, `syslog+tls://`, or `udp://`, `tcp://` and `tls://` alone), or the path of a file.",
      ),
    format: z.enum(RECORD_FORMATS).optional().describe("Format of `output`."),
    journal: journalOptions
      .optional()
      .describe("Keeps every record on the disk, in a chain that proves that nothing is missing. Sinks read from it."),
    args_hash_key: z
      .string()
      .min(16)
      .max(1_024)
      .optional()
      .describe(
        "Key of `args_hash` in records of calls, by which equal arguments are recognised. It is that of `observability.tracing.args_hash_key`: set either. Without it records have none.",
      ),
    capture: captureOptions.optional(),
    sinks: z.array(sinkOptions).max(32).default([]).describe("Where records go."),
  })
  .superRefine((section, context) => {
    const complain = (path: readonly (string | number)[], message: string): void =>
      context.addIssue({ code: "custom", path: [...path], message, params: { statement: true } });
    let sinks: readonly SinkOptions[];
    try {
      sinks = sinksOf(section);
    } catch (error) {
      if (!(error instanceof OutputProblem)) throw error;
      complain(["output"], error.message);
      return;
    }
    if (section.capture !== undefined && section.journal === undefined) {
      complain(["capture"], "payloads are captured in the journal; set compliance.journal, too");
    }
    if (section.format !== undefined && !section.output) complain(["format"], "the format of nothing; set output, too");
    const names = sinks.map(({ name }) => name);
    for (const [place, { name }] of section.sinks.entries()) {
      if (names.indexOf(name) < names.length - section.sinks.length + place) {
        complain(["sinks", place, "name"], `another sink has the name "${name}"; choose one of its own`);
      }
    }
  })
  .describe("The audit trail: a journal that proves that it is whole, and sinks for SIEM systems.");
export type ComplianceSection = z.output<typeof complianceOptions>;

/**
 * Every sink of the section, that of `output` first.
 * @throws OutputProblem
 */
export function sinksOf({
  output,
  format,
  sinks,
}: Pick<ComplianceSection, "output" | "format" | "sinks">): readonly SinkOptions[] {
  // An empty variable is none.
  return output ? [sinkOfOutput(output, format), ...sinks] : sinks;
}
