import type { AuditFilter, ReadLine } from "@mcp-hangar/compliance";
import { nodePlatform } from "@mcp-hangar/core";
import { AUDIT_CATEGORIES, AUDIT_OUTCOMES } from "@mcp-hangar/telemetry";
import { createFormat } from "../compliance/create-format.ts";
import { noSuchType, typesMatching } from "../compliance/record-types.ts";
import { journalFolders } from "./audit-journals.ts";
import { CapturedPayloads } from "./audit-payloads.ts";
import type { AuditExportOptions, AuditFilterOptions, AuditSearchOptions, AuditTailOptions } from "./audit-program.ts";
import { AuditProgress } from "./audit-progress.ts";
import { LineOutput } from "./line-output.ts";

/** `mcp-hangar audit tail`. */
export async function runAuditTail(options: AuditTailOptions): Promise<number> {
  const [folder = "", ...others] = journalFolders(options);
  if (others.length > 0) throw new Error("audit tail reads one journal: name one folder with --journal");
  const { tailJournal } = await import("@mcp-hangar/compliance");
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once("SIGINT", onInterrupt);
  const follow = options.follow === true ? { clock: nodePlatform.clock, signal: stop.signal } : undefined;
  // The clock's timers do not keep a process alive.
  const alive = setInterval(() => {}, 60_000);
  try {
    await print(tailJournal(folder, { lines: options.lines, follow }), lineFor(options.json));
  } finally {
    clearInterval(alive);
    process.off("SIGINT", onInterrupt);
  }
  return 0;
}

/** `mcp-hangar audit search`: of each journal, the oldest records first. */
export async function runAuditSearch(options: AuditSearchOptions): Promise<number> {
  await printFound("searching", options, lineFor(options.json), options.limit);
  return 0;
}

/** `mcp-hangar audit export`. */
export async function runAuditExport(options: AuditExportOptions): Promise<number> {
  const compliance = await import("@mcp-hangar/compliance");
  const format = createFormat(options.format, compliance);
  const payloads = options.decrypt && new CapturedPayloads(options.decrypt, compliance);
  if (payloads !== undefined && options.format !== "json-lines") {
    throw new Error(`${options.format} has no place for arguments and results: use --decrypt with --format json-lines`);
  }
  const isJson = format.mediaType.includes("json");
  await printFound("exporting", options, async ({ record, place }, output) => {
    const encoded = format.encode({ record, place });
    const isPlain = record.captured === undefined || payloads === undefined;
    const text = isPlain ? encoded : await payloads.decrypted(encoded);
    return isJson ? output.printJson(text) : output.printFormat(text);
  });
  return payloads?.reportUnread() === true ? 1 : 0;
}

async function printFound(
  what: string,
  options: AuditFilterOptions & Parameters<typeof journalFolders>[0],
  write: WriteLine,
  limit = Number.POSITIVE_INFINITY,
): Promise<void> {
  const folders = journalFolders(options);
  const filter = filterOf(options);
  const { searchJournal } = await import("@mcp-hangar/compliance");
  const progress = new AuditProgress(what);
  let left = limit;
  try {
    for (const folder of folders) await progress.expect(folder);
    for (const folder of folders) {
      if (left <= 0) return;
      const { from, to } = options;
      left -= await print(searchJournal(folder, filter, { from, to, files: progress.files }), write, left);
    }
  } finally {
    progress.end();
  }
}

/** Prints lines until there are no more, nobody reads any more, or so many are printed; how many they were. */
async function print(
  lines: AsyncIterable<ReadLine>,
  write: WriteLine,
  limit = Number.POSITIVE_INFINITY,
): Promise<number> {
  const output = new LineOutput();
  let printed = 0;
  try {
    for await (const line of lines) {
      if (!(await write(line, output))) break;
      printed += 1;
      if (printed >= limit) break;
    }
  } finally {
    output.end();
  }
  return printed;
}

/** Writes a record; false when nobody reads any more. */
type WriteLine = (line: ReadLine, output: LineOutput) => Promise<boolean>;

function lineFor(json: true | undefined): WriteLine {
  if (json !== true) return (line, output) => output.print(readableLine(line));
  return ({ record, place }, output) => output.printJson(JSON.stringify({ ...record, ...place }));
}

/** One record in a line for people: when, number, what, how it ended, who, at what, why. */
function readableLine({ record, place }: ReadLine): string {
  const { time, type, outcome, actor, target, reason, message } = record;
  const who = actor.id ?? actor.type;
  const what = [target.group, target.server, target.name].filter((part) => part !== undefined).join("/");
  const why = [reason, message].filter((part) => part !== undefined).join(": ");
  return [time, String(place.sequence), type, outcome, who, what || target.kind, why].join("  ").trimEnd();
}

function filterOf(options: AuditFilterOptions): AuditFilter {
  const { type, category, outcome, minSeverity, caller, server, target, id, since, until } = options;
  known("category", category, AUDIT_CATEGORIES);
  known("outcome", outcome, AUDIT_OUTCOMES);
  return {
    types: type?.flatMap(typesOf),
    categories: category,
    outcomes: outcome,
    severityMin: minSeverity,
    actor: caller,
    server,
    target,
    id,
    sinceMs: since,
    untilMs: until,
  };
}

function typesOf(pattern: string): readonly string[] {
  const found = typesMatching(pattern);
  if (found.length === 0) throw new Error(noSuchType(pattern));
  return found;
}

function known(what: string, values: readonly string[] = [], all: readonly string[]): void {
  const unknown = values.find((value) => !all.includes(value));
  if (unknown !== undefined) throw new Error(`there is no ${what} "${unknown}"; there are ${all.join(", ")}`);
}
