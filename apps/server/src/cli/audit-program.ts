import { type Command, InvalidArgumentError, Option } from "commander";
import { RECORD_FORMATS, type RecordFormat } from "../compliance/record-formats.ts";
import { examples } from "./examples.ts";

/** What every command for the audit journal takes. */
export interface AuditOptions {
  readonly config?: string;
  readonly journal?: readonly string[];
}

export interface AuditVerifyOptions extends AuditOptions {
  readonly publicKey?: readonly string[];
  readonly checkpoints?: readonly string[];
  readonly json?: true;
}

/** Which records are looked for. */
export interface AuditFilterOptions {
  readonly type?: readonly string[];
  readonly category?: readonly string[];
  readonly outcome?: readonly string[];
  readonly minSeverity?: number;
  readonly caller?: string;
  readonly server?: string;
  readonly target?: string;
  readonly id?: string;
  readonly since?: number;
  readonly until?: number;
  readonly from?: number;
  readonly to?: number;
}

export interface AuditSearchOptions extends AuditOptions, AuditFilterOptions {
  readonly limit?: number;
  readonly json?: true;
}

export interface AuditTailOptions extends AuditOptions {
  readonly lines: number;
  readonly follow?: true;
  readonly json?: true;
}

export interface AuditExportOptions extends AuditOptions, AuditFilterOptions {
  readonly format: RecordFormat;
  readonly decrypt?: readonly string[];
}

export interface AuditReplayOptions extends AuditOptions {
  readonly sink: string;
  readonly from: number;
}

/** Adds `mcp-hangar audit`. An action resolves to the exit code. */
export function addAuditCommands(
  program: Command,
  configOption: () => Option,
  setExitCode: (code: number) => void,
): void {
  const audit = program.command("audit").description("Work with the audit journal of compliance.journal.");
  const command = (name: string, description: string): Command =>
    audit
      .command(name)
      .description(description)
      .option("--journal <folder...>", "folders of journals (default: compliance.journal.folder)")
      .addOption(configOption());

  command(
    "verify",
    "Find records that were edited, removed, inserted or put in another order; exit code 1 if there are any.",
  )
    .option("--public-key <file...>", "PEM files of the keys that have signed (default: the one in the folder)")
    .option("--checkpoints <file...>", "JSON lines that a sink has received: an end that was cut off is found by them")
    .option("--json", "print what is found as JSON lines")
    .addHelpText(
      "after",
      examples([
        "audit verify",
        "audit verify --journal /var/lib/hangar-1/audit /var/lib/hangar-2/audit",
        "audit verify --public-key audit.pub.pem --checkpoints siem-export.jsonl",
      ]),
    )
    .action(async (options: AuditVerifyOptions) =>
      setExitCode(await (await import("./audit-verify-command.ts")).runAuditVerify(options)),
    );
  command("tail", "Print the last records, and with --follow those that come.")
    .option("-n, --lines <number>", "how many", parseCount, 20)
    .option("-f, --follow", "go on until Ctrl-C")
    .option("--json", "print records as JSON lines")
    .addHelpText("after", examples(["audit tail", "audit tail -n 5 --follow --json"]))
    .action(async (options: AuditTailOptions) =>
      setExitCode(await (await import("./audit-read-commands.ts")).runAuditTail(options)),
    );
  withFilter(command("search", "Print the records that match, the oldest first."))
    .option("--limit <number>", "end after so many", parseCount)
    .option("--json", "print records as JSON lines")
    .addHelpText(
      "after",
      examples([
        "audit search --type 'tool.call.*' --caller ada --since 24h",
        "audit search --outcome denied --min-severity 7 --json",
        "audit search --id 4bf92f3577b34da6a3ce929d0e0e4736",
      ]),
    )
    .action(async (options: AuditSearchOptions) =>
      setExitCode(await (await import("./audit-read-commands.ts")).runAuditSearch(options)),
    );
  withFilter(command("export", "Write records to stdout in the format of a SIEM system."))
    .addOption(new Option("--format <format>", "how they are written").choices(RECORD_FORMATS).default("json-lines"))
    .option(
      "--decrypt <file...>",
      "private keys, PKCS #8 in PEM or JWK, by which captured arguments and results are read; json-lines only",
    )
    .addHelpText(
      "after",
      examples([
        "audit export --format cef > audit.cef",
        "audit export --from 1000 --to 2000 --format ocsf",
        "audit export --id 4bf92f3577b34da6a3ce929d0e0e4736 --decrypt capture.key.pem",
        "audit export --since 2026-01-01T00:00:00Z --until 2026-02-01T00:00:00Z | gzip > january.jsonl.gz",
      ]),
    )
    .action(async (options: AuditExportOptions) =>
      setExitCode(await (await import("./audit-read-commands.ts")).runAuditExport(options)),
    );
  command(
    "replay",
    "Have a sink get records again, from a number on, at the next start. The gateway must not be running.",
  )
    .requiredOption("--sink <name>", "the sink, by its name in compliance.sinks")
    .requiredOption("--from <sequence>", "number of the first record that it gets", parseCount)
    .addHelpText("after", examples(["audit replay --sink splunk --from 4711"]))
    .action(async (options: AuditReplayOptions) =>
      setExitCode(await (await import("./audit-replay-command.ts")).runAuditReplay(options)),
    );
}

function withFilter(command: Command): Command {
  return command
    .option("--type <type...>", "types such as tool.call.denied, or tool.call.*")
    .option("--category <category...>", "categories such as tool or management")
    .option("--outcome <outcome...>", "success, failure, denied, cancelled, unknown")
    .option("--min-severity <number>", "least severity, from 0 to 10", parseSeverity)
    .option("--caller <name>", "who did it: a name, or a credential as records have it")
    .option("--server <server>", "server or group")
    .option("--target <name>", "tool, URI, prompt, key")
    .option("--id <id>", "id of the event, the trace, the batch or the session")
    .option("--since <time>", "from when on: 24h, 30m, 7d ago, or 2026-01-31T00:00:00Z", parseTime)
    .option("--until <time>", "before when", parseTime)
    .option("--from <sequence>", "number of the first record", parseCount)
    .option("--to <sequence>", "number of the last record", parseCount);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,15}$/.test(text) || count < 1) throw new InvalidArgumentError("Write a whole number from 1.");
  return count;
}

function parseSeverity(text: string): number {
  if (!/^(?:\d|10)$/.test(text)) throw new InvalidArgumentError("Severities are from 0 to 10.");
  return Number(text);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time in ms since the epoch. */
function parseTime(text: string): number {
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const timeMs = amount === undefined ? Date.parse(text) : Date.now() - Number(amount) * (UNIT_MS[unit] ?? 0);
  if (Number.isNaN(timeMs)) throw new InvalidArgumentError("Write 24h, 30m, 7d or 2026-01-31T00:00:00Z.");
  return timeMs;
}
