import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { EXPORT_NAMES, EXPORTS, type ExportName } from "../exports/index.ts";
import { generateMonitoring, RUNBOOK_FOLDER } from "../generate.ts";
import type { CommandContext } from "./command-line.ts";
import { readExtension } from "./read-extension.ts";
import { readOptions } from "./read-options.ts";

/** Where generated files are. */
interface Folders {
  readonly out: string;
  readonly runbooks?: string | undefined;
}

interface Given {
  readonly options?: string;
  readonly with?: string;
  readonly json: boolean;
}

/** What became of the files. Paths are relative to the output folder. */
interface Written {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
}

/** `generate`: writes the files that are not there or are otherwise, and says which. */
export function generateCommand({ terminal }: CommandContext): Command {
  return new Command("generate")
    .description("write the files of the monitoring stack")
    .requiredOption("--out <folder>", "where the files go")
    .option("--runbooks <folder>", "where the runbooks go instead of <out>/runbooks")
    .option("--options <file>", "a JSON file with what differs from the defaults; see the command options")
    .option("--with <module>", "a module with own alerts and dashboards: its default export")
    .option(
      "--export <names>",
      `also documents for other systems, a list of ${EXPORT_NAMES.join(", ")}`,
      exportNames,
      [],
    )
    .option("--json", "print JSON: {out, added, changed, unchanged, lost}, or {problems} or {violations}", false)
    .addHelpText("after", exportsHelp())
    .action(async (given: Folders & Given & { readonly export: readonly ExportName[] }) => {
      const { out, runbooks, options, json, export: exports } = given;
      const extension = await readExtension(given.with);
      const files = generateMonitoring(await readOptions(options), { extension, exports });
      const written = { added: [] as string[], changed: [] as string[], unchanged: [] as string[] };
      for (const [path, content] of files) {
        const file = fileOf(path, { out, runbooks });
        const before = await contentOf(file);
        (before === undefined ? written.added : before === content ? written.unchanged : written.changed).push(path);
        if (before === content) continue;
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
      }
      const lost = Object.fromEntries(exports.map((name) => [name, EXPORTS[name].lost]));
      if (json) terminal.stdout.write(`${JSON.stringify({ out, ...written, lost }, null, 2)}\n`);
      else terminal.stdout.write(summary(out, written) + losses(exports));
    });
}

/** New files are counted by folder, changed ones are named: whoever upgrades wants to look at them. */
function summary(out: string, { added, changed, unchanged }: Written): string {
  const folders = Map.groupBy(added, (path) => (path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : path));
  return [
    ...[...folders].map(([folder, paths]) => `new      ${folder}${folder.endsWith("/") ? ` ${count(paths)}` : ""}`),
    ...changed.map((path) => `changed  ${path}`),
    `${out}: ${added.length} new, ${changed.length} changed, ${unchanged.length} as they were.`,
    "",
  ].join("\n");
}

/** Whoever takes the documents elsewhere must know what they do not say. */
function losses(exports: readonly ExportName[]): string {
  return exports
    .flatMap((name) => [`${name} does not carry over:`, ...EXPORTS[name].lost.map((each) => `  - ${each}`)])
    .map((line) => `${line}\n`)
    .join("");
}

function exportNames(list: string): readonly ExportName[] {
  return list.split(",").map((given) => {
    const known = EXPORT_NAMES.find((name) => name === given.trim());
    if (known !== undefined) return known;
    const perses =
      given.trim() === "perses"
        ? " Perses has no place for links, annotations and joined tables; see `percli migrate`."
        : "";
    throw new InvalidArgumentError(
      `There is no export "${clean(given.trim())}": give some of ${EXPORT_NAMES.join(", ")}.${perses}`,
    );
  });
}

function exportsHelp(): string {
  return [
    "",
    "Exports, below <out>/exports:",
    ...EXPORT_NAMES.map((name) => `  ${name.padEnd(15)} ${EXPORTS[name].about}`),
  ].join("\n");
}

function clean(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "?").slice(0, 100);
}

function count({ length }: readonly string[]): string {
  return length === 1 ? "1 file" : `${length} files`;
}

/** `check`: what `generate` would refuse, and files that it would write otherwise. */
export function checkCommand({ terminal, foundSomething }: CommandContext): Command {
  return new Command("check")
    .description("check the stack, and with --out that the files there are those that would be generated")
    .option("--out <folder>", "the generated files")
    .option("--runbooks <folder>", "the runbooks, if they are not in <out>/runbooks")
    .option("--options <file>", "a JSON file with what differs from the defaults; see the command options")
    .option("--with <module>", "a module with own alerts and dashboards: its default export")
    .option("--json", "print JSON: {files, stale}, or {problems} or {violations}", false)
    .action(async ({ out, runbooks, options, json, with: module }: Partial<Folders> & Given) => {
      const extension = await readExtension(module);
      const files = generateMonitoring(await readOptions(options), { extension });
      const stale: string[] = [];
      if (out !== undefined) {
        for (const [path, content] of files) {
          if ((await contentOf(fileOf(path, { out, runbooks }))) !== content) stale.push(path);
        }
      }
      if (stale.length > 0) foundSomething();
      if (json) terminal.stdout.write(`${JSON.stringify({ files: files.size, stale }, null, 2)}\n`);
      else if (stale.length === 0) terminal.stdout.write(`${files.size} files are sound.\n`);
      else for (const path of stale) terminal.stderr.write(`${path} is stale or missing: generate it again.\n`);
    });
}

function fileOf(path: string, { out, runbooks }: Folders): string {
  const isRunbook = path.startsWith(RUNBOOK_FOLDER) && runbooks !== undefined;
  return isRunbook ? join(runbooks, path.slice(RUNBOOK_FOLDER.length)) : join(out, path);
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
